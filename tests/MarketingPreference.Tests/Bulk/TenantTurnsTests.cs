using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Bulk;

namespace ConsentLedger.MarketingPreference.Tests.Bulk;

public sealed class TenantTurnsTests
{
    private static readonly TenantId A = TenantId.Parse("a"), B = TenantId.Parse("b"), C = TenantId.Parse("c");

    private readonly TenantTurns _turns = new(ofOneTenant: 2, ofAll: 4);

    [Fact]
    public void One_tenant_who_is_slow_leaves_the_others_their_turns()
    {
        foreach (var tenant in (TenantId[])[A, A, B, B]) _turns.TryTake(tenant).ShouldNotBeNull();
        foreach (var tenant in (TenantId[])[A, B, C]) _turns.TryTake(tenant).ShouldBeNull();
    }

    [Fact]
    public void A_turn_that_is_over_is_somebody_else_s_and_is_over_once()
    {
        var first = _turns.TryTake(A).ShouldNotBeNull();
        _turns.TryTake(A).ShouldNotBeNull();
        _turns.TryTake(A).ShouldBeNull();
        first.Dispose();
        first.Dispose();
        _turns.TryTake(A).ShouldNotBeNull();
        _turns.TryTake(A).ShouldBeNull();
    }
}
