using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>What no source file says. The patterns are written so that they do not find themselves.</summary>
public sealed partial class CodeTests
{
    [Fact]
    public void Nothing_is_left_for_later() => Repository.Files.SelectMany(f => f.Places(Later())).ShouldBeNone("Do it, or open an issue:");

    [Fact]
    public void No_thread_sleeps() => Repository.CSharp.SelectMany(f => f.Places(Sleeping())).ShouldBeNone("Await what is waited for:");

    [Fact]
    public void No_exception_is_swallowed() =>
        Repository.Files.Where(f => f.Is(".cs", ".mjs", ".js")).SelectMany(f => f.Places(EmptyCatch())).ShouldBeNone("An empty catch says in a filter or a comment why nothing is to be done:");

    [Fact]
    public void No_catch_takes_everything() =>
        Repository.Product.SelectMany(f => f.Places(CatchAll())).ShouldBeNone("Name the exception, filter with when, or end with throw:");

    [Fact]
    public void Every_skipped_test_says_why() =>
        Repository.Files.Where(f => f.IsIn("tests") && f.Is(".cs", ".mjs", ".js")).SelectMany(f => f.Places(SkippedSilently())).ShouldBeNone("Skipped without a sentence of reason:");

    [GeneratedRegex(@"\b(TO[D]O|FIX[M]E|HAC[K]|XX[X]|NotImplemented[E]xception)\b")]
    private static partial Regex Later();

    [GeneratedRegex(@"\bThread\.[S]leep\b")]
    private static partial Regex Sleeping();

    [GeneratedRegex(@"\bcatch\s*(\([^)]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();

    [GeneratedRegex(@"\bcatch\s*(\(Exception(\s+\w+)?\))?\s*\{(?![^{}]*\bthrow;\s*\})")]
    private static partial Regex CatchAll();

    [GeneratedRegex(@"\bSkip\s*=\s*""[^""]{0,14}""|\b(it|test|describe)\.skip\(")]
    private static partial Regex SkippedSilently();
}
