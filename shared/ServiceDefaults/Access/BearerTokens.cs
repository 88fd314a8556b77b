using System.IdentityModel.Tokens.Jwt;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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
            Required(provider.GetRequiredService<IConfiguration>(), "Auth:JwksFile"), provider.GetRequiredService<ILogger<SigningKeys>>()));
        services.AddSingleton<KnownTokens>();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<SigningKeys, KnownTokens, IConfiguration, TimeProvider>(Configure);
    }

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
                if (context.Token is null || context.Result is not null) return Task.CompletedTask;
                if (known.TryFind(context.Token, clock.Unmoved().GetUtcNow().UtcDateTime, out var principal))
                {
                    context.Principal = principal;
                    context.Success();
                }
                else
                {
                    context.HttpContext.Items[KeysAtStart] = keys.Set;
                }

                return Task.CompletedTask;
            },
            OnTokenValidated = context =>
            {
                if (TokenClaims.AreUsable(context.Principal!)) Remember(context, known);
                else context.Fail("claims");
                return Task.CompletedTask;
            },
        };
    }

    private static void Remember(TokenValidatedContext context, KnownTokens known)
    {
        var token = (JwtSecurityToken)context.SecurityToken;
        known.Remember(token.RawData, context.Principal!, context.HttpContext.Items[KeysAtStart]!, EndOf(token));
    }

    /// <summary>A token may be good for as long as there are dates.</summary>
    private static DateTime EndOf(JwtSecurityToken token) => token.ValidTo < DateTime.MaxValue - ClockSkew ? token.ValidTo + ClockSkew : DateTime.MaxValue;

    private static void TakeTheOneToken(MessageReceivedContext context)
    {
        var header = BrowserPages.Of(context.HttpContext)?.TokenOf(context.Request) ?? context.Request.Headers.Authorization;
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
