using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Dispatching;
using ConsentLedger.ErasureOrchestrator.Erasures.Reading;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Publishing;
using ConsentLedger.ErasureOrchestrator.Reacting;
using ConsentLedger.Messaging;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("erasure-orchestrator");
builder.Services.AddLedger(builder.Configuration, ErasureCatalog.Events, new ErasureTables());
builder.Services.AddLog(builder.Configuration);
builder.Services.AddSingleton<ErasureLookup>();
builder.Services.AddSingleton<ErasureMetrics>();
builder.Services.AddSingleton(Patience.From(builder.Configuration));
builder.Services.AddHostedService<RedispatchOverdueTasks>();
builder.Services.AddMessaging(builder.Configuration, bus => bus
    .Publishes(Exchanges.ErasureEvents, ErasurePublisher.Translate)
    .Consumes<SubjectErasedConsumer>("erasure.from-consent", Exchanges.ConsentEvents, SubjectErasedV1.Type)
    .Consumes<SubjectErasedConsumer>("erasure.from-marketing", Exchanges.MarketingEvents, SubjectErasedV1.Type));

var app = builder.Build();
app.UseServiceDefaults();
RequestErasure.Map(app);
ReadErasure.Map(app);
app.MapLog();
await app.ServeAsync(args);
