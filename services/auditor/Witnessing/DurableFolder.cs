using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ConsentLedger.Auditor.Witnessing;

/// <summary>A folder whose files are replaced as a whole, and are on the disk when that returns: after a power cut there is the old file or the new one.</summary>
internal sealed partial class DurableFolder(string path)
{
    private const int ReadOnly = 0;

    public string Path => path;

    /// <param name="suffix">Of the name under which the new file is written first. One that a crash left there is written over.</param>
    public void Replace(string name, ReadOnlySpan<byte> bytes, string suffix)
    {
        var (file, written) = (System.IO.Path.Combine(path, name), System.IO.Path.Combine(path, name + suffix));
        using (var handle = File.OpenHandle(written, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(handle, bytes, 0);
            RandomAccess.FlushToDisk(handle);
        }

        File.Move(written, file, overwrite: true);
        FlushNames();
    }

    /// <summary>A renamed file may have its old name again after a power cut, until its folder was flushed too; .NET opens no folder.</summary>
    private void FlushNames()
    {
        // Windows has no such call, and keeps names in a journal.
        if (OperatingSystem.IsWindows()) return;
        var folder = Open(path, ReadOnly);
        try
        {
            if (folder < 0 || Flush(folder) != 0) throw new IOException($"{path} could not be flushed.", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
        finally
        {
            if (folder >= 0) _ = Close(folder);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
