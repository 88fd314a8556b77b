namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>The system's time of day, moved; what is measured by it stands still unless it is moved.</summary>
internal sealed class MovedClock : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

    public override long GetTimestamp() => Ahead.Ticks;

    /// <summary>Until the key file is looked at again.</summary>
    public void PassALook() => Ahead += SigningKeys.LookInterval;
}
