using System.IdentityModel.Tokens.Jwt;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Tokens;

namespace ConsentLedger.ServiceDefaults;

/// <summary>OAuth 2 bearer tokens (RFC 6750) as JWTs of one issuer, for one audience, under its published keys.</summary>
internal static class BearerTokens
{
    public const string Scheme = "Bearer ";

    private static readonly object KeysAtStart = new();

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    public static void AddBearerTokens(this IServiceCollection services)
    {
        services.AddSingleton(provider => new SigningKeys(
            Required(provider.GetRequiredService<IConfiguration>(), "Auth:JwksFile"), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SigningKeys>>()));
        services.AddSingleton<KnownTokens>();

        // No scheme is the default one: the gate asks for ours, and only about a token that it does not know.
        AppContext.SetSwitch("Microsoft.AspNetCore.Authentication.SuppressAutoDefaultScheme", true);
        services.AddAuthentication().AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<SigningKeys, KnownTokens, IConfiguration, TimeProvider>(Configure);
    }

    /// <summary>Where the request shows its token; a browser's page has a cookie for it.</summary>
    public static StringValues HeaderOf(HttpContext context) => BrowserPages.Of(context)?.TokenOf(context.Request) ?? context.Request.Headers.Authorization;

    private static void Configure(JwtBearerOptions options, SigningKeys keys, KnownTokens known, IConfiguration configuration, TimeProvider clock)
    {
        options.SaveToken = false;
        options.SecurityTokenValidators.Clear();
        options.SecurityTokenValidators.Add(new JwtSecurityTokenHandler { MapInboundClaims = false, MaximumTokenSizeInBytes = TokenHeader.MaxTokenBytes });
        options.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = Required(configuration, "Auth:Issuer"),
            ValidAudience = Required(configuration, "Auth:Audience"),
            IssuerSigningKeyResolver = (text, _, keyId, _) =>
                TokenHeader.Read(text) is { } header && header.KeyId == keyId && keys.Find(keyId, header.Algorithm) is { } key ? [key] : [],
            LifetimeValidator = (notBefore, expires, _, _) => IsAlive(notBefore, expires, clock.Unmoved().GetUtcNow().UtcDateTime),
        };
        options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                TakeTheOneToken(context);
                if (context.Token is not null) context.HttpContext.Items[KeysAtStart] = keys.Set;
                return Task.CompletedTask;
            },
            OnTokenValidated = context =>
            {
                if (TokenClaims.Read(context.Principal!) is { } claims) Remember(context, claims, known);
                else context.Fail("claims");
                return Task.CompletedTask;
            },
        };
    }

    private static void Remember(TokenValidatedContext context, TokenClaims claims, KnownTokens known) =>
        known.Remember(HeaderOf(context.HttpContext)[0]!, claims, context.HttpContext.Items[KeysAtStart]!, EndOf((JwtSecurityToken)context.SecurityToken));

    /// <summary>A token may be good for as long as there are dates.</summary>
    private static DateTime EndOf(JwtSecurityToken token) => token.ValidTo < DateTime.MaxValue - ClockSkew ? token.ValidTo + ClockSkew : DateTime.MaxValue;

    private static void TakeTheOneToken(MessageReceivedContext context)
    {
        var header = HeaderOf(context.HttpContext);
        var token = header is [{ } only] && only.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? only[Scheme.Length..] : null;
        if (header.Count == 0) context.NoResult();
        else if (token is null || TokenHeader.Read(token) is null) context.Fail("header");
        else context.Token = token;
    }

    private static bool IsAlive(DateTime? notBefore, DateTime? expires, DateTime now)
    {
        if (expires is not { } end || notBefore > now + ClockSkew) return false;
        return now - ClockSkew < end ? true : throw new SecurityTokenExpiredException();
    }

    private static string Required(IConfiguration configuration, string key) =>
        configuration[key] is { Length: > 0 } value ? value : throw new InvalidOperationException($"{key} is not configured.");
}
