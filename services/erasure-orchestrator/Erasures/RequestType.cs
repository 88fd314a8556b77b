namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>What somebody asks for: GDPR art. 15, 16, 17, 18 and 20.</summary>
public enum RequestType
{
    Erasure,
    Access,
    Portability,
    Rectification,
    Restriction,
}
