using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Certificates;
using ConsentLedger.ErasureOrchestrator.Erasures;
using static ConsentLedger.ErasureOrchestrator.Tests.People;

namespace ConsentLedger.ErasureOrchestrator.Tests;

public sealed class CertificateWriterTests
{
    [Fact]
    public void Who_contradicted_themselves_before_the_end_has_both_answers_in_their_row()
    {
        object[] facts =
        [
            .. Requested, new ErasureTaskCompleted(Request, "consent", TaskOutcome.Erased), new ErasureTaskContradicted(Request, "consent", TaskOutcome.Kept, "legal-claims"),
            new ErasureTaskCompleted(Request, "marketing-preference", TaskOutcome.Erased), new ErasureCompleted(Request, RequestOutcome.Fully),
        ];
        var later = new ErasureTaskContradicted(Request, "marketing-preference", TaskOutcome.Refused, "later");
        var stated = JsonDocument.Parse(CertificateWriter.Statement("origin", Guid.Empty, Given([.. facts, later]).Find(Request)!, facts.Select((f, i) => Stored(f, i)))).RootElement;
        var systems = stated.GetProperty("systems");
        systems[0].GetProperty("outcome").GetString().ShouldBe("erased", "what was said first stands");
        var other = systems[0].GetProperty("contradictions").EnumerateArray().ShouldHaveSingleItem();
        (other.GetProperty("outcome").GetString(), other.GetProperty("reason").GetString()).ShouldBe(("kept", "legal-claims"));
        systems[1].TryGetProperty("contradictions", out _).ShouldBeFalse("the statement does not change with what is said later");
    }
}
