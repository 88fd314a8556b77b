using System.IO.Pipelines;
using System.Text;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Tests;

public sealed class LinesTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("one", "one")]
    [InlineData("one\n", "one")]
    [InlineData("one\r\n\ntwo\n", "one||two")]
    [InlineData("12345678\r\n12345678", "12345678|12345678")]
    [InlineData("123456789\ntwo", "-|two")]
    [InlineData("one\n123456789012345678901234567890\r\ntwo", "one|-|two")]
    [InlineData("one\n123456789", "one|-")]
    [InlineData("12345678901234567890", "-")]
    public async Task A_line_too_long_is_passed_over_however_the_bytes_come(string body, string lines)
    {
        for (var atOnce = 1; atOnce < 12; atOnce++)
        {
            var pipe = new Pipe();
            var reading = ReadAsync(pipe.Reader);
            foreach (var some in Encoding.UTF8.GetBytes(body).Chunk(atOnce)) await pipe.Writer.WriteAsync(some);
            await pipe.Writer.CompleteAsync();
            (await reading).ShouldBe(lines);
        }
    }

    /// <summary>The pipe takes no more before what it holds was let go.</summary>
    [Fact]
    public async Task A_line_without_an_end_is_not_kept()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1024, resumeWriterThreshold: 512));
        var reading = ReadAsync(pipe.Reader);
        for (var i = 0; i < 1000; i++) await pipe.Writer.WriteAsync(new byte[100]);
        await pipe.Writer.WriteAsync("\ntwo"u8.ToArray());
        await pipe.Writer.CompleteAsync();
        (await reading).ShouldBe("-|two");
    }

    private static async Task<string> ReadAsync(PipeReader reader)
    {
        var lines = new List<string>();
        await foreach (var line in BoundedLines.ReadAsync(reader, 8, default)) lines.Add(line is null ? "-" : Encoding.UTF8.GetString(line));
        return string.Join('|', lines);
    }
}
