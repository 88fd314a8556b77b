using System.Text.Json;
using System.Text.RegularExpressions;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Finding;

/// <summary>Who is behind an address. In a body and never in a URL, where it would be logged on its way.</summary>
public sealed partial record FindSubject(AddressKind Kind, string Value)
{
    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/v1/subjects/lookup", HandleAsync).RequireScope(Scopes.SubjectFind).Produces<FoundSubjects>();

    private static async Task<IResult> HandleAsync(Body<FindSubject> body, Caller caller, AddressIndex index, CancellationToken ct) =>
        TypedResults.Json(new FoundSubjects([.. (await index.FindAsync(caller.Tenant, Word(body.Value.Kind), Plain(body.Value.Kind, body.Value.Value), ct)).Select(id => id.Value)]), StrictJson.Options);

    /// <summary>The address that evidence carries as <c>address</c>, where it is one of the kinds that can be looked up.</summary>
    internal static FindSubject? AddressIn(JsonElement? evidence)
    {
        if (evidence is not { ValueKind: JsonValueKind.Object } members || !members.TryGetProperty("address", out var address) || address.ValueKind != JsonValueKind.String) return null;
        var value = address.GetString()!.Trim();
        if (value.Contains('@', StringComparison.Ordinal)) return new FindSubject(AddressKind.Email, value);
        return PhoneNumber().IsMatch(value) ? new FindSubject(AddressKind.Phone, value) : null;
    }

    /// <summary>To be called before something sealed under this key is recorded: what is recorded can then be found, and an address too many is deleted with its subject.</summary>
    public static async Task IndexAsync(AddressIndex index, JsonElement? evidence, SubjectKey? key, CancellationToken ct)
    {
        if (key is null || AddressIn(evidence) is not { } address) return;
        try
        {
            await index.AddAsync(key.Subject, Word(address.Kind), Plain(address.Kind, address.Value), ct);
        }
        catch (KekMissingException)
        {
            // A vault from before a rotation whose old KEK is destroyed: nobody is found by an address any more, and what people do is recorded all the same.
        }
    }

    private static string Word(AddressKind kind) => kind == AddressKind.Email ? "email" : "phone";

    /// <summary>As people write one: a street and its number are none.</summary>
    [GeneratedRegex(@"^\+?([ ()./-]*[0-9]){6,15}[ ()./-]*$")]
    private static partial Regex PhoneNumber();

    // People write the same number with and without these.
    private static string Plain(AddressKind kind, string value) => kind == AddressKind.Email ? value : string.Concat(value.Where(c => c == '+' || char.IsAsciiDigit(c)));
}

/// <param name="Subjects">Nobody, one, or several: a family may share an address, and a person may come back under another id.</param>
public sealed record FoundSubjects(IReadOnlyList<Guid> Subjects);

public enum AddressKind
{
    Email,
    Phone,
}
