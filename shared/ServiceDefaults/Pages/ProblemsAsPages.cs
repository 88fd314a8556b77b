using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Endpoint metadata: what keeps this endpoint from answering is told on a page to whoever asks for pages. Unlike <see cref="BrowserPages"/> it lets everybody in: programs come to the same address,
/// and are told as programs are.
/// </summary>
/// <param name="Of">A page or the problem itself, as the request accepts. It may be asked for while nothing can be read.</param>
public sealed record ProblemsAsPages(Func<HttpContext, Problem, IResult> Of);
