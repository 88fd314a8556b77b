using ConsentLedger.MarketingPreference.Confirming;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>The pages below <c>/p</c>, for the person whose choices they are.</summary>
public static class PreferenceCentrePages
{
    public static IServiceCollection AddPreferenceCentre(this IServiceCollection services) =>
        services.AddSingleton<Door>().AddSingleton<Answers>().AddSingleton<Acting>();

    public static void Map(IEndpointRouteBuilder app)
    {
        MakePreferenceLink.Map(app);
        ShowMessages.Map(app);
        ShowUses.Map(app);
        ShowHistory.Map(app);
        ShowData.Map(app);
        ChooseTopic.Map(app);
        ChooseConsent.Map(app);
        StopEverything.Map(app);
        UndoChanges.Map(app);
        ObjectToUse.Map(app);
        TakeCopy.Map(app);
        AskErasure.Map(app);
        MakeConfirmationLink.Map(app);
        ConfirmByLink.Map(app);
    }
}
