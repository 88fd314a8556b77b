using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Adds to each operation what the edge does for it: who may call, which headers count, what the path names, which problems come back.</summary>
internal sealed class OperationDescription : IOpenApiOperationTransformer
{
    public async Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var endpoint = context.Description.ActionDescriptor.EndpointMetadata;
        var parameters = endpoint.OfType<MethodInfo>().FirstOrDefault()?.GetParameters() ?? [];

        DescribePath(operation, context, parameters);
        if (parameters.Any(p => p.ParameterType == typeof(CommandOptions))) DescribeHeaders(operation);
        if (parameters.Any(p => p.ParameterType == typeof(ReceiptPreference))) DescribePreference(operation);
        DescribeAccess(operation, context, endpoint);

        var schema = await ReferToProblemAsync(context, cancellationToken);
        foreach (var problems in ProblemsOf(endpoint, parameters).GroupBy(p => p.Status))
            DescribeProblems(operation, problems.Key, problems.Select(p => p.Code), schema);
    }

    /// <summary>One schema for all problems, kept once in the document.</summary>
    private static async Task<IOpenApiSchema> ReferToProblemAsync(OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        context.Document!.AddComponent(nameof(Problem), await context.GetOrCreateSchemaAsync(typeof(ProblemBody), null, ct));
        return new OpenApiSchemaReference(nameof(Problem), context.Document);
    }

    private static void DescribePath(OpenApiOperation operation, OpenApiOperationTransformerContext context, ParameterInfo[] parameters)
    {
        operation.Parameters ??= [];
        var path = context.Description.RelativePath ?? "";
        foreach (var subject in parameters.Where(p => p.ParameterType == typeof(SubjectId) && path.Contains($"{{{p.Name}}}", StringComparison.Ordinal)))
        {
            if (operation.Parameters.FirstOrDefault(p => p.Name == subject.Name) is { } undescribed) operation.Parameters.Remove(undescribed);
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = subject.Name,
                In = ParameterLocation.Path,
                Required = true,
                Description = "The data subject: a UUID of version 4 or 7 in lower case, never derived from an address.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid" },
            });
        }
    }

    private static void DescribeHeaders(OpenApiOperation operation)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(Header(
            CommandOptions.IdempotencyKeyHeader,
            "The same key again hears the first outcome; with another request it is refused.",
            CommandOptions.MaxIdempotencyKeyLength));
        operation.Parameters.Add(Header("If-Match", "The ETag the stream must still have.", null));
    }

    private static void DescribePreference(OpenApiOperation operation)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(Header(
            ReceiptPreference.Header,
            $"`receipt` asks for a receipt in the answer (RFC 7240); `receipt; wait=5` waits up to so many seconds for the checkpoint it rests on, instead of "
            + $"{ReceiptPreference.DefaultWait.TotalSeconds}, and never more than {ReceiptPreference.MaxWait.TotalSeconds}. Where none comes in time, or nothing was recorded, the answer is the "
            + "ordinary one.",
            null));
    }

    private static void DescribeAccess(OpenApiOperation operation, OpenApiOperationTransformerContext context, IList<object> endpoint)
    {
        if (endpoint.OfType<RequiredScope>().LastOrDefault() is not { } required) return;
        operation.Security ??= [];
        var bearer = new OpenApiSecuritySchemeReference(ApiDescription.BearerScheme, context.Document);
        foreach (var scope in required.AnyOf) operation.Security.Add(new OpenApiSecurityRequirement { [bearer] = [scope] });
        operation.Parameters ??= [];
        operation.Parameters.Add(Header(Caller.TenantHeader, "The tenant that a service's own token acts for; other tokens name theirs.", 63));
    }

    private static OpenApiParameter Header(string name, string description, int? maxLength) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = maxLength },
    };

    private static IEnumerable<Problem> ProblemsOf(IList<object> endpoint, ParameterInfo[] parameters)
    {
        if (!endpoint.OfType<IAllowAnonymous>().Any())
        {
            yield return KnownProblems.TokenMissing;
            yield return KnownProblems.TokenInvalid;
            yield return KnownProblems.TokenExpired;
            yield return KnownProblems.ScopeMissing;
            yield return KnownProblems.TenantMismatch;
            yield return KnownProblems.TenantRequired;
        }

        if (parameters.Any(p => p.ParameterType == typeof(SubjectId))) yield return KnownProblems.SubjectIdInvalid;
        if (endpoint.OfType<IAcceptsMetadata>().Any())
        {
            yield return KnownProblems.BodyNotJson;
            yield return KnownProblems.BodyUnknownMember;
            yield return KnownProblems.BodyInvalid;
            yield return KnownProblems.BodyTooLarge;
            yield return KnownProblems.MediaTypeUnsupported;
        }

        if (parameters.Any(p => p.ParameterType == typeof(CommandOptions)))
        {
            yield return KnownProblems.IdempotencyKeyInvalid;
            yield return KnownProblems.IdempotencyKeyReused;
            yield return KnownProblems.IfMatchInvalid;
            yield return KnownProblems.VersionStale(0);
        }

        foreach (var code in endpoint.OfType<RefusalCodes>().SelectMany(r => r.Codes)) yield return KnownProblems.Refused(code, "");
        foreach (var problem in endpoint.OfType<Problem>()) yield return problem;
        yield return KnownProblems.RequestInvalid;
        yield return KnownProblems.StoreUnavailable;
        yield return KnownProblems.InternalError;
    }

    private static void DescribeProblems(OpenApiOperation operation, int status, IEnumerable<string> codes, IOpenApiSchema schema)
    {
        operation.Responses ??= [];
        operation.Responses[$"{status}"] = new OpenApiResponse
        {
            Description = string.Join(", ", codes.Select(code => $"`{code}`")),
            Content = new Dictionary<string, OpenApiMediaType> { [Problem.ContentType] = new OpenApiMediaType { Schema = schema } },
        };
    }
}
