using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>
/// Checks a certificate by itself: that the log's key signed it, that the entry which ends the request is in the log, that the entries before it lead there without a
/// gap, and that what is stated is what they say, no word more and none less.
/// </summary>
/// <param name="request">Which one it has to be of; null where nobody said.</param>
/// <param name="subject">Whose it has to be; null where nobody said.</param>
internal sealed class CertificateVerifier(TrustPolicy policy, Guid? request = null, Guid? subject = null)
{
    private static readonly Fault Malformed = new("certificate_malformed", $"Not a certificate ({ErasureCertificate.KnownFormat}): JSON of exactly its members, in canonical form.");

    private readonly Findings _findings = new(Checking.DefaultFaultLimit);

    private int _withheld;

    public CertificateFindings Run(ReadOnlySpan<byte> bytes)
    {
        if (ErasureCertificate.Read(bytes) is not { } certificate
            || CertifiedStory.TextOf(certificate.Certificate, "origin") is not { } origin
            || !TryReadId(certificate.Certificate, "request", out var ofRequest)
            || !TryReadId(certificate.Certificate, "subject", out var ofSubject))
        {
            _findings.Add(Malformed);
            return new CertificateFindings(null, null, 0, _findings);
        }

        if (request is { } asked && asked != ofRequest) _findings.Add(new Fault("certificate_other", "The certificate is of another request than the one asked for."));
        if (subject is { } whose && whose != ofSubject) _findings.Add(new Fault("certificate_other", "The certificate is another person's than the one asked for."));
        CheckSignature(bytes, certificate, origin);
        var head = CheckReceipt(certificate, origin, out var last);
        var story = new CertifiedStory(origin, ofSubject, ofRequest);
        Walk(certificate, ofSubject, ofRequest, story, last);
        if (story.IsBegun && story.IsEnded) Compare(certificate.Certificate, story);
        else _findings.Add(new Fault("certificate_incomplete", "The entries do not lead from the request to its end."));
        return new CertificateFindings(certificate, head, _withheld, _findings);
    }

    private void CheckSignature(ReadOnlySpan<byte> bytes, ErasureCertificate certificate, string origin)
    {
        byte[] note = [.. ErasureCertificate.SignedText(bytes), (byte)'\n', .. Encoding.UTF8.GetBytes(certificate.Signature)];
        var logs = policy.Logs.Where(log => (policy.Origin ?? log.Name) == origin).ToList();
        if (logs.Count == 0) _findings.Add(new Fault("checkpoint_origin_unknown", "The policy trusts no log of this origin."));
        else if (!Note.TryParse(note, out var signed, out var fault) || !signed.TryVerify(logs, out _, out fault)) _findings.Add(Fault.Of(fault));
    }

    private TrustedCheckpoint? CheckReceipt(ErasureCertificate certificate, string origin, out byte[] last)
    {
        last = [];
        if (!LogProof.TryParse(Encoding.UTF8.GetBytes(certificate.Receipt), out var receipt, out var fault))
        {
            _findings.Add(Fault.Of(fault));
            return null;
        }

        last = receipt.Extra.ToArray();
        if (!receipt.TryVerify(TreeHash.Leaf(last), policy, out var head, out fault))
        {
            _findings.Add(Fault.Of(fault) with { Position = receipt.Index });
            return null;
        }

        if (head.Head.Origin != origin) _findings.Add(new Fault("certificate_origin", "The certificate names another log than its checkpoint is of."));
        return head;
    }

    private void Walk(ErasureCertificate certificate, Guid ofSubject, Guid ofRequest, CertifiedStory story, byte[] last)
    {
        Hash? before = null;
        var (version, recordedMs, end) = (0L, 0L, Array.Empty<byte>());
        foreach (var told in certificate.Events)
        {
            if (BundledEntry.Decode(told.Entry) is not { } bytes)
            {
                _findings.Add(Malformed);
                return;
            }

            if (!Entry.TryDecode(bytes, out var entry, out var fault))
            {
                _findings.Add(Fault.Of(fault));
                return;
            }

            if (entry.Stream != ofSubject) _findings.Add(In(entry, new Fault("certificate_stranger", "The entry is of another person than the certificate.")));
            if (before is { } leaf && (entry.Previous != leaf || entry.Version != version + 1)) _findings.Add(In(entry, new Fault("certificate_gap", "The entry does not follow the one in front of it.")));
            if (entry.RecordedMs < recordedMs) _findings.Add(In(entry, new Fault("time_backwards", $"Recorded {recordedMs - entry.RecordedMs} ms before the entry in front of it.")));
            if (told.Type is not null || told.Salt is not null || told.Data is not null) FollowFacts(told, entry, ofRequest, story);
            else _withheld++;
            (before, version, recordedMs, end) = (TreeHash.Leaf(bytes), entry.Version, entry.RecordedMs, bytes);
        }

        // Each entry names the leaf before it, so whatever leads to the proven one is proven.
        if (!end.AsSpan().SequenceEqual(last)) _findings.Add(new Fault("certificate_unproved", "The last entry is not the one that the receipt proves to be in the log."));
    }

    private void FollowFacts(CertifiedEvent told, in Entry entry, Guid ofRequest, CertifiedStory story)
    {
        if (told.Type is not { } type || told.Data is not { } data || BundledEntry.Decode(told.Salt) is not { Length: FactsCommitment.SaltLength } salt)
            _findings.Add(In(entry, Malformed));
        else if (!FactsCommitment.TryCommit(salt, type, Encoding.UTF8.GetBytes(data.GetRawText()), out var commitment, out _) || commitment != entry.Facts)
            _findings.Add(In(entry, new Fault("facts_mismatch", "Type, salt and facts are not those that the entry commits to.")));
        else if (CertifiedStory.TextOf(data, "request") != ofRequest.ToString("D"))
            _findings.Add(In(entry, new Fault("certificate_stranger", "The event is of another request than the certificate.")));
        else
            story.Follow(entry, type, data);
    }

    private void Compare(JsonElement stated, CertifiedStory story)
    {
        foreach (var system in story.Missing.Order(StringComparer.Ordinal)) _findings.Add(new Fault("certificate_incomplete", $"Nothing is proved of what became of {system}."));
        if (!story.HasWhatItsEndNames) _findings.Add(new Fault("certificate_incomplete", "The end of the request names other answers of systems than are proved."));
        if (!story.HasRightOutcome) _findings.Add(new Fault("certificate_outcome_differs", "The outcome is not what the answers of the systems, and what is kept, come to."));
        var (told, proven) = (JsonNode.Parse(stated.GetRawText())!.AsObject(), story.ToStatement());
        foreach (var member in told.Select(m => m.Key).Union(proven.Select(m => m.Key)).Order(StringComparer.Ordinal))
            if (!JsonNode.DeepEquals(told[member], proven[member]))
                _findings.Add(new Fault("certificate_statement_differs", $"What is stated as {(IsPlain(member) ? member : "a member that is not known")} is not what the entries say."));
    }

    private static bool IsPlain(string member) => member.Length < 32 && member.All(char.IsAsciiLetter);

    private static Fault In(in Entry entry, Fault fault) => fault with { Stream = entry.Stream, Version = entry.Version };

    private static bool TryReadId(JsonElement statement, string member, out Guid id) =>
        Guid.TryParseExact(CertifiedStory.TextOf(statement, member), "D", out id) && id.ToString("D") == CertifiedStory.TextOf(statement, member);
}

/// <param name="Head">Null where the checkpoint is not to be believed.</param>
/// <param name="Withheld">How many entries are there without their facts. They should be of the person's other requests, and nothing here proves that they are.</param>
internal sealed record CertificateFindings(ErasureCertificate? Certificate, TrustedCheckpoint? Head, int Withheld, Findings Findings);
