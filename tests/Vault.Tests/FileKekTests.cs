namespace ConsentLedger.Vault.Tests;

public sealed class FileKekTests : IDisposable
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly byte[] Key = [.. Enumerable.Range(0x20, 32).Select(i => (byte)i)];

    private readonly KekFiles _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>Expected values computed with Node.js's crypto module (id-aes256-wrap-pad).</summary>
    [Fact]
    public async Task Wraps_and_names_its_epoch_as_others_compute_it()
    {
        using var kek = FileKek.Read(_files.Write(Key));
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        var wrapped = await kek.WrapAsync(key, Ct);

        kek.Epoch.ShouldBe(new Guid("15702db5-a8d0-8219-00bb-6dca2cb1bd9f"));
        wrapped.Epoch.ShouldBe(kek.Epoch);
        Convert.ToHexStringLower(wrapped.Bytes).ShouldBe("086e3aeda49a83d0a40b27c21b4263a8a19aecb44f9877bd9d7e67622ff218c6f73a156c8aa302a9");
        (await kek.UnwrapAsync(wrapped, Ct)).ShouldBe(key);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_others_than_its_owner_may_touch_is_refused(UnixFileMode others)
    {
        var path = _files.Write(Key, KekFiles.OwnerOnly | others);
        var refused = Should.Throw<KeyFileRefusedException>(() => FileKek.Read(path));
        refused.Message.ShouldContain(path);
        refused.Message.ShouldContain("chmod 600");
    }

    [Fact]
    public void A_file_that_is_not_there_is_missed_by_name()
    {
        var path = _files.Write(Key) + ".lost";
        Should.Throw<KeyFileRefusedException>(() => FileKek.Read(path)).Message.ShouldContain($"{path} is not there");
    }

    [Fact]
    public void A_file_that_its_owner_may_only_read_is_taken() => FileKek.Read(_files.Write(Key, UnixFileMode.UserRead)).Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    public void A_file_of_another_length_is_refused(int length) =>
        Should.Throw<KeyFileRefusedException>(() => FileKek.Read(_files.Write(new byte[length]))).Message.ShouldContain("32 raw bytes");

    [Fact]
    public async Task Damaged_bytes_and_keys_of_another_epoch_are_unavailable_and_never_something_else()
    {
        using var kek = FileKek.Read(_files.Write(Key));
        using var other = FileKek.Read(_files.Write([.. Key[..31], 0]));
        var wrapped = await kek.WrapAsync(Key, Ct);

        (await Should.ThrowAsync<VaultUnavailableException>(() => other.UnwrapAsync(wrapped, Ct))).Message.ShouldContain(kek.Epoch.ToString());
        await Should.ThrowAsync<VaultUnavailableException>(() => other.UnwrapAsync(wrapped with { Epoch = other.Epoch }, Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => kek.UnwrapAsync(wrapped with { Bytes = wrapped.Bytes[..^8] }, Ct));
        await Should.ThrowAsync<VaultUnavailableException>(() => kek.UnwrapAsync(wrapped with { Bytes = [] }, Ct));
        for (var i = 0; i < wrapped.Bytes.Length; i++)
        {
            byte[] damaged = [.. wrapped.Bytes];
            damaged[i] ^= 1;
            await Should.ThrowAsync<VaultUnavailableException>(() => kek.UnwrapAsync(wrapped with { Bytes = damaged }, Ct));
        }
    }
}
