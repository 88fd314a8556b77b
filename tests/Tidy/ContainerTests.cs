using System.Text.RegularExpressions;

namespace ConsentLedger.Tidy;

/// <summary>What the containers are told of a service is what the service says of itself.</summary>
public sealed partial class ContainerTests
{
    private static readonly SourceFile Compose = Repository.Find("docker-compose.yml")!;

    public static IEnumerable<object[]> Services => Repository.Services.Select(service => new object[] { service });

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_service_has_an_image_a_migration_and_a_container(string service)
    {
        Repository.Find("deploy/docker/Dockerfile")!.Text.ShouldContain($" AS {service}\n");
        Compose.Text.ShouldContain($"\n  {service}:\n");
        Compose.Text.ShouldContain($"\n  migrate-{service}:\n");
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_queue_of_a_service_is_in_its_rights_on_the_broker(string service)
    {
        var rights = Repository.Find("deploy/rabbitmq/definitions")!.Text;
        var program = Repository.Find($"services/{service}/Program.cs")!;
        Queue().Matches(program.Text).Where(m => !Regex.IsMatch(rights, $@"^own=.* {Regex.Escape(m.Groups[1].Value)}\b", RegexOptions.Multiline)).Select(m => program.At(m.Index))
            .ShouldBeNone("deploy/rabbitmq/definitions gives no right to these queues:");
    }

    /// <summary>A setting that compose reads and nobody can know of is no setting.</summary>
    [Fact]
    public void Every_setting_of_the_containers_is_in_the_example()
    {
        var example = Repository.Find(".env.example")!.Text;
        Setting().Matches(Compose.Text).Where(m => !Regex.IsMatch(example, $@"^#?\s?{m.Groups[1].Value}=", RegexOptions.Multiline)).Select(m => Compose.At(m.Index))
            .ShouldBeNone("Not in .env.example:");
    }

    [GeneratedRegex("""Consumes<\w+>\("([^"]+)",""")]
    private static partial Regex Queue();

    [GeneratedRegex(@"\$\{([A-Z_]+)")]
    private static partial Regex Setting();
}
