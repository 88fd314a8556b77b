using System.Text;
using ConsentLedger.EventStore;

namespace ConsentLedger.Vault.Tests;

public sealed class AddressIndexTests : IAsyncLifetime
{
    private const string Address = "Maria@Example.org";

    private readonly VaultOnPostgres _vault = new();
    private SubjectKeys _keys = null!;
    private AddressIndex _index = null!;
    private int _subjects;

    private CancellationToken Ct { get; } = new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token;

    public async Task InitializeAsync()
    {
        await _vault.InitializeAsync();
        (_keys, _index) = (_vault.OpenReplica(), _vault.OpenIndex());
        await _keys.EnsureSchemaAsync(Ct);
        await _index.EnsureSchemaAsync(Ct);
    }

    public Task DisposeAsync() => _vault.DisposeAsync();

    [Fact]
    public async Task An_address_leads_to_everybody_of_the_tenant_who_has_it_however_it_is_written()
    {
        var (one, two, namesake) = (await SubjectAsync(), await SubjectAsync(), await SubjectAsync("quintus"));
        foreach (var subject in (StreamKey[])[one, two, namesake, one]) await _index.AddAsync(subject, "email", Address, Ct);

        (await FindAsync(one.Tenant, " maria@example.ORG ")).ShouldBe([one.Id, two.Id], ignoreOrder: true);
        (await FindAsync(namesake.Tenant, Address)).ShouldBe([namesake.Id]);
        (await FindAsync(one.Tenant, "mario@example.org")).ShouldBeEmpty();
        (await _index.FindAsync(one.Tenant, "phone", Address, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Replicas_that_index_for_the_first_time_at_once_have_one_index()
    {
        var subjects = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SubjectAsync()));
        await Task.WhenAll(subjects.Select(subject => Task.Run(() => _vault.OpenIndex().AddAsync(subject, "email", Address, Ct))));
        (await FindAsync(subjects[0].Tenant, Address)).ShouldBe(subjects.Select(s => s.Id), ignoreOrder: true);
    }

    [Fact]
    public async Task Whoever_is_forgotten_is_not_found_and_cannot_be_indexed_again()
    {
        var (erased, other) = (await SubjectAsync(), await SubjectAsync());
        foreach (var subject in (StreamKey[])[erased, other])
        {
            await _index.AddAsync(subject, "email", Address, Ct);
            await _index.AddAsync(subject, "phone", "+33600000000", Ct);
        }

        await _keys.DestroyAsync(erased, Ct);
        await _index.ForgetAsync([erased], Ct);
        await _index.AddAsync(erased, "email", Address, Ct);

        (await FindAsync(other.Tenant, Address)).ShouldBe([other.Id]);
        (await RowsAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task A_row_that_came_back_leads_to_nobody_whose_key_is_destroyed()
    {
        var subject = await SubjectAsync();
        await _index.AddAsync(subject, "email", Address, Ct);
        await _keys.DestroyAsync(subject, Ct);
        (await RowsAsync()).ShouldBe(1);
        (await FindAsync(subject.Tenant, Address)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_address_added_while_its_person_is_erased_leaves_no_row()
    {
        var (adding, keys, index) = (_vault.OpenIndex(), _vault.OpenReplica(), _vault.OpenIndex());
        for (var round = 0; round < 30; round++)
        {
            var subject = await SubjectAsync();
            await Task.WhenAll(
                Task.Run(() => adding.AddAsync(subject, "email", Address, Ct)),
                Task.Run(async () =>
                {
                    await keys.DestroyAsync(subject, Ct);
                    await index.ForgetAsync([subject], Ct);
                }));
            (await RowsAsync()).ShouldBe(0);
        }
    }

    [Fact]
    public async Task Bytes_of_another_row_are_damage_and_lead_to_nobody()
    {
        foreach (var address in (string[])["a@example.org", "b@example.org"]) await _index.AddAsync(await SubjectAsync(), "email", address, Ct);
        await _vault.ExecuteAsync("update subject_addresses a set wrapped = b.wrapped from subject_addresses b where a.tag <> b.tag", Ct);
        await Should.ThrowAsync<VaultUnavailableException>(() => FindAsync(TenantId.Parse("vms"), "a@example.org"));
    }

    [Fact]
    public async Task No_row_has_the_address_or_the_subject_in_it()
    {
        var subject = await SubjectAsync();
        await _index.AddAsync(subject, "email", Address, Ct);
        await using var connection = await _vault.Source.OpenConnectionAsync(Ct);
        await using var copy = await connection.BeginRawBinaryCopyAsync("copy subject_addresses to stdout (format binary)", Ct);
        using var dump = new MemoryStream();
        await copy.CopyToAsync(dump, Ct);
        dump.ToArray().AsSpan().IndexOf(subject.Id.Value.ToByteArray(bigEndian: true)).ShouldBe(-1);
        Encoding.Latin1.GetString(dump.ToArray()).ShouldNotContain("aria", Case.Insensitive);
    }

    private Task<IReadOnlyList<StreamId>> FindAsync(TenantId tenant, string value) => _index.FindAsync(tenant, "email", value, Ct);

    private async Task<StreamKey> SubjectAsync(string tenant = "vms")
    {
        var subject = new StreamKey(TenantId.Parse(tenant), new StreamId(new Guid(Interlocked.Increment(ref _subjects), 0, 0, new byte[8])));
        (await _keys.GetOrCreateAsync(subject, Ct)).Dispose();
        return subject;
    }

    private async Task<long> RowsAsync()
    {
        await using var count = _vault.Source.CreateCommand("select count(*) from subject_addresses");
        return (long)(await count.ExecuteScalarAsync(Ct))!;
    }
}
