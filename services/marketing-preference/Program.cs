using ConsentLedger.Contracts;
using ConsentLedger.MarketingPreference;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Bulk;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Changing;
using ConsentLedger.MarketingPreference.Preferences.Reading;
using ConsentLedger.MarketingPreference.Publishing;
using ConsentLedger.MarketingPreference.Reacting;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.MarketingPreference.Snapshot;
using ConsentLedger.MarketingPreference.Unsubscribing;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("marketing-preference");
builder.Services.AddLedger(builder.Configuration, MarketingCatalog.Events, new AddressTable(), new ImportTable(), new SendCountsTable());
builder.Services.AddLog(builder.Configuration);
builder.Services.AddUnsubscribeLinks(builder.Configuration);
builder.Services.AddSingleton<PreferenceReader>();
builder.Services.AddSingleton<StateAsOf>();
ConsentClient.Add(builder.Services);
builder.Services.AddSingleton<TellConsent>();
builder.Services.AddSingleton<AddressReader>();
ImportRunner.Add(builder.Services);
builder.Services.AddSingleton<SendCounts>();
builder.Services.AddSingleton<SendGate>();
builder.Services.AddMessaging(builder.Configuration, bus => bus
    .Publishes(Exchanges.MarketingEvents, MarketingPublisher.Translate)
    .Consumes<ConsentEventConsumer>("marketing.from-consent", Exchanges.ConsentEvents, ConsentEventConsumer.Bindings)
    .Consumes<ErasureTaskDispatchedConsumer>("marketing.from-erasure", Exchanges.ErasureEvents, ErasureTaskDispatchedV1.Type));

var app = builder.Build();
app.UseServiceDefaults();
ReadPreferences.Map(app);
ChangePreference.Map(app);
ReadSnapshot.Map(app);
ReadChanges.Map(app);
ShowUnsubscribe.Map(app);
UnsubscribeByLink.Map(app);
DecideToSend.Map(app);
LinkAddress.Map(app);
SuppressAddress.Map(app);
ReleaseAddress.Map(app);
ReadAddresses.Map(app);
AcceptImport.Map(app);
ReadImport.Map(app);
RunImport.Map(app);
app.MapLog();
await app.ServeAsync(args);
