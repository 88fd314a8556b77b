using ConsentLedger.Contracts;
using ConsentLedger.ErasureOrchestrator;
using ConsentLedger.ErasureOrchestrator.Certificates;
using ConsentLedger.ErasureOrchestrator.Desk;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Answering;
using ConsentLedger.ErasureOrchestrator.Erasures.Extending;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Planning;
using ConsentLedger.ErasureOrchestrator.Erasures.Reading;
using ConsentLedger.ErasureOrchestrator.Erasures.Reporting;
using ConsentLedger.ErasureOrchestrator.Erasures.Requesting;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Erasures.Withdrawing;
using ConsentLedger.ErasureOrchestrator.Holds;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.OpenDsr;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.ErasureOrchestrator.Publishing;
using ConsentLedger.ErasureOrchestrator.Reacting;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Messaging;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Timers;
using ConsentLedger.Transparency;

var builder = WebApplication.CreateBuilder(args);
var patience = Patience.From(builder.Configuration);
var timers = new TimerTable(ByTime.Requests(patience), ByTime.Cases);
builder.AddServiceDefaults("erasure-orchestrator");
builder.Services.AddLedger(builder.Configuration, ErasureCatalog.Events, new ErasureTables(), timers, new DsrTables());
builder.Services.AddTimers(timers);
builder.Services.AddLog(builder.Configuration);
builder.Services.AddSingleton<ErasureLookup>();
builder.Services.AddSingleton<ErasureMetrics>();
builder.Services.AddSingleton(patience);
builder.Services.AddSingleton<Aliases>();
builder.Services.AddSingleton<RecordReply>();
builder.Services.AddSingleton<ReceiveRequests>();
builder.Services.AddSingleton<OwnCalls>();
builder.Services.AddSingleton<Registers>();
builder.Services.AddIdentityVault(builder.Configuration);
builder.Services.AddRemote(CallProcessors.Remote, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (500, 5000));
builder.Services.AddHostedService<CallProcessors>();
ProcessorCalls.Add(builder.Services);
builder.Services.AddOpenDsr();
builder.Services.AddSingleton<Certificates>();
builder.Services.AddMessaging(builder.Configuration, bus => bus
    .Publishes(Exchanges.ErasureEvents, ErasurePublisher.Translate)
    .Consumes<SubjectErasedConsumer>("erasure.from-consent", Exchanges.ConsentEvents, SubjectErasedV1.Type)
    .Consumes<SubjectErasedConsumer>("erasure.from-marketing", Exchanges.MarketingEvents, SubjectErasedV1.Type)
    .Consumes<FollowAliases>("erasure.persons", Exchanges.ConsentEvents, FollowAliases.Bindings)
    .ConsumesCommands<ErasureCommandConsumer>(Exchanges.ErasureCommands)
    .Consumes<FollowPolicy>("erasure.policies", Exchanges.ConsentEvents, PolicyPublishedV1.Type));

var app = builder.Build();
app.UseServiceDefaults();
ReceiveRequest.Map(app);
ReadErasure.Map(app);
ReadPlan.Map(app);
ReadIdentities.Map(app);
ListRequests.Map(app);
AnswerTask.Map(app);
EraseAgain.Map(app);
HandOutCopy.Map(app);
TerminateService.Map(app);
TakeBackTermination.Map(app);
VerifyIdentity.Map(app);
ConfirmIdentity.Map(app);
ExtendRequest.Map(app);
InstructRequest.Map(app);
RefuseRequest.Map(app);
WithdrawRequest.Map(app);
PlaceHold.Map(app);
LiftHold.Map(app);
ConfigureProcessor.Map(app);
ConfigureRequests.Map(app);
ReceiveDsrCallback.Map(app);
ReceiveWebhookReply.Map(app);
app.MapOpenDsr();
ReadCertificate.Map(app);
CertificatePage.MapStyle(app);
DeskPages.Map(app);
app.MapLog();
await app.ServeAsync(args);
