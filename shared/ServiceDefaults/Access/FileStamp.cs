namespace ConsentLedger.ServiceDefaults;

/// <summary>Another one after each change of a file, or of a link on the way to it.</summary>
internal readonly record struct FileStamp(string? Folder, DateTime WrittenAt, long Length)
{
    /// <returns>The default where there is no such file.</returns>
    public static FileStamp Of(string file)
    {
        // Kubernetes mounts links into a linked folder, and leads that elsewhere: the link itself never changes, and what it leads to may be as old and as long as before.
        var info = new FileInfo(file);
        if (info.LinkTarget is not null) info = (FileInfo)info.ResolveLinkTarget(returnFinalTarget: true)!;
        return info.Exists ? new FileStamp(info.Directory!.LinkTarget ?? info.DirectoryName, info.LastWriteTimeUtc, info.Length) : default;
    }
}
