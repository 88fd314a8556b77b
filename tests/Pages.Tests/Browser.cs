using ConsentLedger.Support;
using Microsoft.Playwright;

namespace ConsentLedger.Pages.Tests;

/// <summary>A test in a real browser: the Chromium that Debian packages, or the one that <c>CHROMIUM</c> names.</summary>
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Program is null) Skip = "There is no chromium on the PATH, and CHROMIUM names none: deploy/local/test installs it where apt-get may.";
    }
}

/// <inheritdoc cref="BrowserFactAttribute"/>
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = new BrowserFactAttribute().Skip;
}

/// <summary>One headless browser for a class of tests; each test has a context of its own, as if on a machine of its own.</summary>
public sealed class Browser : IAsyncDisposable
{
    /// <summary>In milliseconds.</summary>
    private const float Patience = 20_000;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    public static string? Program { get; } = Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } named
        ? named
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').SelectMany(folder => (string[])[Path.Combine(folder, "chromium"), Path.Combine(folder, "chromium-browser")]).FirstOrDefault(File.Exists);

    public static async Task<Browser> StartAsync()
    {
        Assertions.SetDefaultExpectTimeout(Patience);
        var playwright = await Playwright.CreateAsync();
        // Its own sandbox needs a user that is not root; these pages are ours.
        var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Program, Timeout = 5 * Patience, Args = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"] });
        return new Browser(playwright, browser);
    }

    public async Task<Visit> VisitAsync(Uri site, BrowserNewContextOptions? options = null)
    {
        options ??= new();
        options.BaseURL = site.ToString();
        options.ViewportSize ??= new() { Width = 1280, Height = 900 };
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(Patience);
        return await Visit.BeginAsync(context, site);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}

/// <summary>One person's time at the browser. At its end it has asked no other site for anything, and no script of it has failed.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _foreign = [];
    private readonly List<string> _faults = [];

    private Visit(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    public IBrowserContext Context => _context;

    internal static async Task<Visit> BeginAsync(IBrowserContext context, Uri site)
    {
        var visit = new Visit(context, await context.NewPageAsync());
        context.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(site.ToString(), StringComparison.Ordinal)) visit._foreign.Add(request.Url);
        };
        visit.Page.PageError += (_, fault) => visit._faults.Add(fault);
        visit.Page.Console += (_, message) =>
        {
            // What a test itself has refused is told here too.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) visit._faults.Add(message.Text);
        };
        visit.Page.Dialog += (_, dialog) => visit._faults.Add($"A dialog opened: {dialog.Message}");
        return visit;
    }

    /// <summary>What axe-core finds against WCAG 2.2 AA, a line each.</summary>
    public async Task<IReadOnlyList<string>> FindBarriersAsync()
    {
        // npm ci puts it there. It is run past the page's own policy, as an extension would be.
        var axe = await File.ReadAllTextAsync(Path.Combine(Servers.Checkout, "tests", "Pages.Tests", "node_modules", "axe-core", "axe.min.js"));
        var session = await _context.NewCDPSessionAsync(Page);
        await session.SendAsync("Runtime.evaluate", new() { ["expression"] = axe });
        var found = await Page.EvaluateAsync<string[]>("""
            async () => (await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
              .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary}`))
            """);
        await session.DetachAsync();
        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        _foreign.ShouldBeEmpty();
        _faults.ShouldBeEmpty();
    }
}
