using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Policies;

/// <summary>A controller published a version of its policy (GDPR art. 13). Versions are never edited.</summary>
/// <param name="Digest">Of the pack as published, so that publishing the same again is recognised.</param>
public sealed record PolicyPublished(PolicyPack Pack, Guid Digest)
{
    public static PolicyPublished Of(PolicyPack pack) => new(pack, EventStore.Digest.Of(BytesOf(pack)).Value);

    /// <summary>As it is served: what a reader of <c>/v1/policies/{version}</c> gets, byte for byte.</summary>
    public static byte[] BytesOf(PolicyPack pack) => JsonSerializer.SerializeToUtf8Bytes(pack, PolicyPack.Json);

    /// <summary>SHA-256 of <see cref="BytesOf"/>.</summary>
    public static string HashOf(PolicyPack pack) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(BytesOf(pack)))}";

    /// <summary>Whether this is the pack that was published. By its contents where the digests differ: they do when the format has gained a member since.</summary>
    public bool Holds(PolicyPack pack)
    {
        var bytes = BytesOf(pack);
        return Digest == EventStore.Digest.Of(bytes).Value || bytes.AsSpan().SequenceEqual(BytesOf(Pack));
    }
}

/// <summary>A version and since when it is published.</summary>
public sealed record PublishedVersion(PolicyPublished Policy, DateTimeOffset PublishedAt)
{
    public PolicyPack Pack => Policy.Pack;
}

/// <summary>Every policy version a controller has published; the last one is in force.</summary>
public sealed record PolicyBook(ImmutableList<PublishedVersion> Versions)
{
    public static readonly PolicyBook Empty = new(ImmutableList<PublishedVersion>.Empty);

    public static readonly StreamType<PolicyBook> Stream = new(Empty, (book, e, place) => book.Evolve(e, place));

    public PolicyPack? Current => Versions is [.., var last] ? last.Pack : null;

    /// <summary>In the order of publication, as <see cref="PolicyHistory"/> wants them.</summary>
    public IReadOnlyList<PolicyPack> Packs { get; } = [.. Versions.Select(v => v.Pack)];

    /// <summary>One stream a tenant, under a version 8 UUID, which no subject can have.</summary>
    public static StreamKey Of(TenantId tenant) => new(tenant, new StreamId(new Guid("70006f6c-6963-8000-8000-000000000001")));

    /// <summary>For commands whose decision depends on the policy in force.</summary>
    public static IReadOnlyList<(StreamKey, StreamType)> ReadBy(TenantId tenant) => [(Of(tenant), Stream)];

    public PublishedVersion? Find(string version) => Versions.FirstOrDefault(v => v.Pack.Version == version);

    /// <inheritdoc cref="PolicyHistory.IsMaterialSince"/>
    public bool IsChangedSince(string purpose, string version) => Packs.IsMaterialSince(purpose, version);

    /// <summary>The version in force at a moment, which is what an act of then was about, however late word of it comes; the first one for whatever came before it.</summary>
    public PolicyPack? At(DateTimeOffset moment) => (Versions.FindLast(v => v.PublishedAt <= moment) ?? Versions.FirstOrDefault())?.Pack;

    /// <summary>Each law that the place was ever under: what was said there under one of them was said there.</summary>
    public IReadOnlyCollection<string> LawsOver(string? jurisdiction) =>
        jurisdiction is null || Packs is [_] ? [] : [.. Packs.Select(p => p.LawFor(jurisdiction)).OfType<string>().Distinct()];

    /// <summary>Whether that version said so, or one since: what the person said no to stays what it was then, whatever it is called today.</summary>
    public bool SaidSince(string version, Func<PolicyPack, bool> said) => Packs.SkipWhile(p => p.Version != version).Append(Current!).Any(said);

    /// <summary>Whether there was ever a version under which silence passed for the purpose.</summary>
    /// <inheritdoc cref="PolicyPack.LetsSilencePass"/>
    public bool LetSilencePass(string purpose, string? law = null) => Packs.Any(p => p.FindPurpose(purpose) is { } declared && p.LetsSilencePass(declared, law));

    /// <summary>The versions published by then.</summary>
    public PolicyBook AsOf(DateTimeOffset moment) => new(Versions.RemoveAll(v => v.PublishedAt > moment));

    internal PolicyBook Evolve(object e, EventPlace place) => e is PolicyPublished published ? new PolicyBook(Versions.Add(new PublishedVersion(published, place.RecordedAt))) : this;
}
