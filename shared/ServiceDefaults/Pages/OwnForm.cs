using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ConsentLedger.ServiceDefaults;

/// <summary>A form as a page of ours sends it.</summary>
public static class OwnForm
{
    /// <returns>Each field once, and no files; null for anything else.</returns>
    public static async Task<IFormCollection?> ReadAsync(HttpRequest request, int fields, int maxBytes, CancellationToken ct)
    {
        if (!request.HasFormContentType) return null;
        try
        {
            var form = await request.ReadFormAsync(new FormOptions { ValueCountLimit = fields, MultipartBodyLengthLimit = maxBytes }, ct);
            return form.Files.Count == 0 && form.All(field => field.Value.Count == 1) ? form : null;
        }
        catch (Exception malformed) when (malformed is InvalidDataException or IOException and not BadHttpRequestException)
        {
            return null;
        }
    }
}
