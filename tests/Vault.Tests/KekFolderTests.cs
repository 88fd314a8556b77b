namespace ConsentLedger.Vault.Tests;

/// <summary>KEKs that follow each other. The clock stands at noon of 1 March 2026.</summary>
public sealed class KekFolderTests : IDisposable
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly byte[] Key = new byte[32];

    private readonly KekFiles _files = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_KEK_wraps_from_the_time_it_is_named_by_until_the_next_takes_over()
    {
        Add("20260101T0000Z", 1);
        Add("20260301T1300Z", 2);
        using var folder = KekFolder.Read(_files.Folder, _clock);
        (await EpochsAsync(folder)).ShouldBe("20260101T0000Z");
        var early = await folder.WrapAsync(Key, Ct);

        _clock.Pass(TimeSpan.FromHours(1));
        (await EpochsAsync(folder)).ShouldBe("20260301T1300Z after 20260101T0000Z");
        var late = await folder.WrapAsync(Key, Ct);
        late.Epoch.ShouldNotBe(early.Epoch);
        foreach (var wrapped in (WrappedKey[])[early, late]) (await folder.UnwrapAsync(wrapped, Ct)).ShouldBe(Key);
    }

    [Fact]
    public async Task A_file_that_comes_or_goes_while_the_service_runs_is_noticed()
    {
        var first = Add("20260101T0000Z", 1);
        using var folder = KekFolder.Read(_files.Folder, _clock);
        var early = await folder.WrapAsync(Key, Ct);
        Add("20260201T0000Z", 2);
        (await EpochsAsync(folder)).ShouldBe("20260201T0000Z after 20260101T0000Z");
        (await folder.WrapAsync(Key, Ct)).Epoch.ShouldNotBe(early.Epoch);

        File.Delete(first);
        (await EpochsAsync(folder)).ShouldBe("20260201T0000Z");
        await Should.ThrowAsync<VaultUnavailableException>(() => folder.UnwrapAsync(early, Ct));
    }

    [Fact]
    public async Task A_key_of_another_replica_that_saw_the_new_file_first_is_opened()
    {
        Add("20260101T0000Z", 1);
        using var behind = KekFolder.Read(_files.Folder, _clock);
        Add("20260201T0000Z", 2);
        using var ahead = KekFolder.Read(_files.Folder, _clock);
        (await behind.UnwrapAsync(await ahead.WrapAsync(Key, Ct), Ct)).ShouldBe(Key);
    }

    [Fact]
    public async Task A_folder_that_is_not_in_order_any_more_takes_no_key_away_from_who_runs()
    {
        var first = Add("20260101T0000Z", 1);
        using var folder = KekFolder.Read(_files.Folder, _clock);
        var wrapped = await folder.WrapAsync(Key, Ct);
        _files.WriteAs("20260201T0000Z.kek", [.. Enumerable.Repeat((byte)2, 32)], KekFiles.OwnerOnly | UnixFileMode.OtherRead);
        await Should.ThrowAsync<VaultUnavailableException>(() => folder.ReadEpochsAsync(Ct));
        File.Delete(first);
        await Should.ThrowAsync<VaultUnavailableException>(() => folder.ReadEpochsAsync(Ct));

        (await folder.UnwrapAsync(wrapped, Ct)).ShouldBe(Key);
        (await folder.WrapAsync(Key, Ct)).Epoch.ShouldBe(wrapped.Epoch);
    }

    [Theory]
    [InlineData("20260301T1300Z", "whose time has come")]
    [InlineData("kek", "named by when it takes over")]
    [InlineData("2026-01-01", "named by when it takes over")]
    public void A_folder_without_a_KEK_to_use_now_or_with_one_of_no_time_is_refused(string name, string reason)
    {
        Add(name, 1);
        Should.Throw<KeyFileRefusedException>(() => KekFolder.Read(_files.Folder, _clock)).Message.ShouldContain(reason);
    }

    [Fact]
    public void One_key_under_two_times_is_refused()
    {
        Add("20260101T0000Z", 1);
        Add("20260201T0000Z", 1);
        Should.Throw<KeyFileRefusedException>(() => KekFolder.Read(_files.Folder, _clock)).Message.ShouldContain("20260101T0000Z.kek and 20260201T0000Z.kek");
    }

    [Fact]
    public void A_folder_that_is_not_there_is_missed_by_name() =>
        Should.Throw<KeyFileRefusedException>(() => KekFolder.Read(_files.Folder + "/none", _clock)).Message.ShouldContain("/none is not there");

    private string Add(string name, byte fill) => _files.WriteAs($"{name}.kek", [.. Enumerable.Repeat(fill, 32)]);

    private static async Task<string> EpochsAsync(KekFolder folder)
    {
        var epochs = await folder.ReadEpochsAsync(Ct);
        return string.Join(" after ", epochs.Earlier.Reverse().Prepend(epochs.Present).Select(e => Path.GetFileNameWithoutExtension(e.Name)));
    }
}
