using ConsentLedger.Consent;
using ConsentLedger.Consent.AuditorConsole;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Consents.Exporting;
using ConsentLedger.Consent.Consents.Finding;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Importing;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Consent.Publishing;
using ConsentLedger.Consent.Reacting;
using ConsentLedger.Consent.Receipting;
using ConsentLedger.Contracts;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("consent");
builder.Services.AddLedger(builder.Configuration, ConsentCatalog.Events, new ErasedSubjects());
builder.Services.AddLog(builder.Configuration);
builder.Services.AddSubjectKeys(builder.Configuration);
builder.Services.AddSingleton<ConsentReader>();
builder.Services.AddSingleton<Receipts>();
builder.Services.AddSingleton<EraseSubject>();
builder.Services.AddSingleton<KeepErased>().AddBeforeServing("vault", (provider, ct) => provider.GetRequiredService<KeepErased>().RunAsync(ct));
builder.Services.AddAuditorConsole();
builder.Services.AddMessaging(builder.Configuration, bus => bus
    .Publishes(Exchanges.ConsentEvents, ConsentPublisher.Translate)
    .ConsumesCommands<ConsentCommandConsumer>(Exchanges.ConsentCommands)
    .Consumes<MarketingUnsubscribedConsumer>("consent.from-marketing", Exchanges.MarketingEvents, MarketingUnsubscribedV1.Type)
    .Consumes<ErasureTaskDispatchedConsumer>("consent.from-erasure", Exchanges.ErasureEvents, ErasureTaskDispatchedV1.Type));

var app = builder.Build();
app.UseServiceDefaults();
GrantConsent.Map(app);
WithdrawConsent.Map(app);
ReadConsents.Map(app);
ReadHistory.Map(app);
ExportSubject.Map(app);
ReadReceipt.Map(app);
FindSubject.Map(app);
ImportConsents.Map(app);
DecideForSubjects.Map(app);
PublishPolicy.Map(app);
ReadPolicy.Map(app);
app.MapLog();
AuditorConsolePages.Map(app);
await app.ServeAsync(args);
