#if TESTCONTAINERS
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using Testcontainers.PostgreSql;
using Testcontainers.RabbitMq;

namespace ConsentLedger.Support;

/// <summary>One PostgreSQL and one RabbitMQ for the whole run of a test assembly; each test has a database and a virtual host of its own on them.</summary>
internal static class Containers
{
    public const string PostgresImage = "postgres:17-alpine";
    public const string RabbitMqImage = "rabbitmq:4-management";

    private const ushort ManagementPort = 15672;
    private const string User = "consentledger";
    private static readonly string Password = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));
    private static readonly List<IContainer> Started = [];

    /// <returns>Null where no Docker engine answers. That an image cannot be had, or a server does not start, is an error.</returns>
    public static (string Postgres, string Amqp, string Management)? TryStart()
    {
        try
        {
            // Durable, unlike the builder's own choice: what the tests hold is said of a server that flushes.
            var postgres = new PostgreSqlBuilder(PostgresImage).WithUsername(User).WithPassword(Password)
                .WithCommand("-c", "fsync=on", "-c", "full_page_writes=on", "-c", "synchronous_commit=on", "-c", "max_connections=300")
                .Build();
            var rabbitMq = new RabbitMqBuilder(RabbitMqImage).WithUsername(User).WithPassword(Password).WithPortBinding(ManagementPort, true).Build();

            // Every property of Servers waits here for the first, which is why nobody awaits.
            Task.Run(() => Task.WhenAll(StartAsync(postgres), StartAsync(rabbitMq))).GetAwaiter().GetResult();
            var account = $"{User}:{Password}@{rabbitMq.Hostname}";
            return (
                $"Host={postgres.Hostname};Port={postgres.GetMappedPublicPort(PostgreSqlBuilder.PostgreSqlPort)};Username={User};Password={Password}",
                $"amqp://{account}:{rabbitMq.GetMappedPublicPort(RabbitMqBuilder.RabbitMqPort)}",
                $"http://{account}:{rabbitMq.GetMappedPublicPort(ManagementPort)}");
        }
        catch (DockerUnavailableException)
        {
            return null;
        }
    }

    /// <summary>At the end of the run. Where the process is killed before, the engine's reaper does it.</summary>
    public static Task EndAsync()
    {
        lock (Started) return Task.WhenAll(Started.Select(container => container.DisposeAsync().AsTask()));
    }

    private static Task StartAsync(IContainer container)
    {
        lock (Started) Started.Add(container);
        return container.StartAsync();
    }
}
#endif
