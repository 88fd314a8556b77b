using System.IO.Pipelines;
using System.Text;
using ConsentLedger.MarketingPreference.Sending;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>How far ahead of its reader a stream is decided.</summary>
public sealed class SendPartsTests
{
    [Fact]
    public async Task No_more_than_one_part_is_decided_ahead_of_what_the_caller_takes()
    {
        const int Lines = 8_000;
        var (begun, second) = (0, new TaskCompletionSource());
        var ahead = new List<int>();
        using var answers = new Taken();
        var all = string.Concat(Enumerable.Repeat($$"""{"subject":"{{Somebody}}","topic":"newsletter","channel":"email"}{{"\n"}}""", Lines));
        await DecideToSend.AnswerAsync(PipeReader.Create(new MemoryStream(Encoding.UTF8.GetBytes(all))), answers, DecideAsync, CancellationToken.None);
        begun.ShouldBe(answers.Parts);
        begun.ShouldBeGreaterThan(3);
        ahead.Max().ShouldBeLessThanOrEqualTo(2, "the one that is being taken, and the one after it");

        async Task<IReadOnlyList<SendAnswer>> DecideAsync(IReadOnlyList<SendQuestion> questions)
        {
            int number;
            lock (ahead) ahead.Add((number = ++begun) - answers.Parts);

            // Nothing is taken before the second part is on its way: whoever decides ahead without end has begun the third by then.
            if (number == 2) second.SetResult();
            await second.Task;
            return [.. questions.Select(_ => new SendAnswer(true, "consent_given", Guid.Empty, null, null, null, null, null))];
        }
    }

    /// <summary>Counts what was written whole.</summary>
    private sealed class Taken : MemoryStream
    {
        private int _parts;

        public int Parts => Volatile.Read(ref _parts);

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            await base.FlushAsync(cancellationToken);
            Interlocked.Increment(ref _parts);
        }
    }
}
