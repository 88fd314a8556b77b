using ConsentLedger.ErasureOrchestrator.Deadlines;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Extending;

/// <summary>The answer takes two months more, once, for a reason that the person was told within the first month (GDPR art. 12(3)).</summary>
public sealed record ExtendRequest(ExtensionReason Reason, DateTimeOffset NoticeSentAt, string NoticeMethod) : IRequestAct
{
    /// <summary>How far a sender's clock may run ahead of ours.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapRequestAct<ExtendRequest>("extension", Scopes.ErasureDecide, "request_ended", "extended_already", "notice_in_future", "notice_too_late", "notice_before_receipt", "extension_too_late", "word_invalid");

    public Decision Decide(PersonRequest request, TenantRegister register, DateTimeOffset now)
    {
        if (!request.IsOpen) return Decision.No("request_ended", "The request has ended.");
        if (request.Extension is not null) return Decision.No("extended_already", "A request is extended once.");
        if (NoticeSentAt > now + ClockSkew) return Decision.No("notice_in_future", "The person is told before a request is extended, and not afterwards.");
        if (NoticeSentAt >= request.Deadline.LapsesAt) return Decision.No("notice_too_late", "The person has to be told within the first month.");
        if (NoticeSentAt < request.ReceivedAt - ClockSkew) return Decision.No("notice_before_receipt", "The person cannot have been told before the request was received.");

        // That the notice was in time is the sender's word alone, and by now the request was reported overdue.
        if (now >= request.Deadline.LapsesAt) return Decision.No("extension_too_late", "A request is extended before its first month is over.");
        if (!Words.AreSound(NoticeMethod)) return Decision.No("word_invalid", Words.Rule);

        var zone = TimeZoneInfo.FindSystemTimeZoneById((register.Settings ?? new RequestSettings()).TimeZone);
        var months = (register.Policy?.Rights.DeadlineMonths ?? Deadline.Months) + (register.Policy?.Rights.ExtensionMonths ?? Deadline.ExtensionMonths);
        var deadline = Deadline.Of(request.Deadline.ReceivedOn, zone, months);
        return Decision.Of(new ErasureExtended(request.Id, Reason, deadline.DueOn, deadline.LapsesAt, NoticeSentAt, NoticeMethod));
    }
}
