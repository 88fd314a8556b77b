global using ConsentLedger.EventStore;
