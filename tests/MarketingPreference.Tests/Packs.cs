using System.Text.Json.Nodes;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.Support;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>A controller made for the tests out of a real one: its newsletter purpose has three topics, one of them transactional, and two channels.</summary>
internal static class Packs
{
    public const string Tenant = "northwind";

    /// <summary>Another controller with a mail system, who has nobody and no policy before a test gives it one.</summary>
    public const string Other = "southwind";

    public static PolicyPack Northwind { get; } = Parse(NorthwindJson());

    public static JsonObject NorthwindJson()
    {
        var pack = JsonNode.Parse(File.ReadAllText(Path.Combine(Servers.Checkout, "deploy", "policies", "vms.json")))!.AsObject();
        pack["tenant"] = Tenant;
        var purpose = pack["purposes"]!.AsArray().Single(p => p!["id"]!.GetValue<string>() == "surveys-and-contests")!;
        purpose["channels"] = new JsonArray("email", "phone");
        pack["topics"]!.AsArray().Add(Topic("contests", "service", "email", "phone"));
        pack["topics"]!.AsArray().Add(Topic("prize-notices", "transactional", "email"));
        return pack;

        static JsonObject Topic(string id, string messageClass, params string[] channels) => new()
        {
            ["id"] = id,
            ["purpose"] = "surveys-and-contests",
            ["messageClass"] = messageClass,
            ["channels"] = new JsonArray([.. channels.Select(c => JsonValue.Create(c))]),
            ["title"] = new JsonObject { ["en"] = $"All about {id}" },
        };
    }

    public static JsonObject Without(this JsonObject pack, string topic)
    {
        pack["topics"]!.AsArray().RemoveAll(t => t!["id"]!.GetValue<string>() == topic);
        return pack;
    }

    public static PolicyPack Parse(JsonObject pack) => PolicyPack.Parse(System.Text.Encoding.UTF8.GetBytes(pack.ToJsonString())) switch
    {
        PolicyPackReading.Accepted accepted => accepted.Pack,
        PolicyPackReading.Refused refused => throw new InvalidOperationException(string.Join('\n', refused.Errors)),
        _ => throw new InvalidOperationException(),
    };
}
