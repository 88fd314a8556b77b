using ConsentLedger.Vault;

namespace ConsentLedger.Transparency.Tests;

public sealed class KeyTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_key_file_holds_a_seed_that_only_its_owner_may_touch()
    {
        File.WriteAllBytes(_file, new byte[32]);
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        using var keys = LogKeys.Read("ledger.test/notes", _file);

        keys.OriginOf(SomeLedger.Tenant).ShouldBe("ledger.test/notes/quintus");
        keys.VerifierOf(SomeLedger.Tenant).Name.ShouldBe("ledger.test/notes/quintus");
        keys.Source.ToString().ShouldBe("https://ledger.test/notes");

        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Should.Throw<KeyFileRefusedException>(() => LogKeys.Read("ledger.test/notes", _file)).Message.ShouldContain($"The log key file {_file} has mode 640; only its owner");
        File.Delete(_file);
        Should.Throw<KeyFileRefusedException>(() => LogKeys.Read("ledger.test/notes", _file)).Message.ShouldContain("A new one is a new log");
    }

    [Theory]
    [InlineData("https://ledger.test/notes")]
    [InlineData("ledger.test/notes/")]
    [InlineData("/notes")]
    [InlineData("ledger.test")]
    [InlineData("ledger.test/no tes")]
    [InlineData("ledger.test/no+tes")]
    [InlineData("")]
    public void An_origin_is_host_and_service(string origin) => Should.Throw<ArgumentException>(() => new LogKeys(origin, new byte[32]));
}
