using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>One thing that was promised to people.</summary>
/// <param name="Id">For good: tests, tables and answers to authorities name it.</param>
/// <param name="Controllers">Who promised it, by tenant.</param>
public sealed record Row(string Id, string Words, params string[] Controllers)
{
    private const string Spectral = "spectral-tms", Assutech = "assutech", Allure = "allure-systems", Quintus = "quintus", Vms = "vms";

    /// <summary>What the privacy policies of the five controllers promise, in this order.</summary>
    public static IReadOnlyList<Row> All { get; } =
    [
        new("P01", "Every purpose has a named lawful basis; a purpose may name several, each with the interest pursued", Spectral, Assutech, Quintus),
        new("P02", "Third-party marketing by e-mail or text message rests on consent only, which can be withdrawn at any time", Spectral),
        new("P03", "Marketing of own and of third-party goods can be left in the account’s preferences", Spectral),
        new("P04", "Data goes to resellers and partners only where the person agreed to it", Spectral, Quintus),
        new("P05", "Data leaves the country where the person authorised it or a safeguard is named", Spectral, Assutech, Quintus, Allure),
        new("P06", "Outside EU law silence is enough until the person says no; under it nothing happens without a yes", Assutech),
        new("P07", "Accounts elsewhere are used by express authorisation only, with named scopes", Assutech),
        new("P08", "Processors are named by purpose, with data, place, policy and way out", Assutech, Spectral),
        new("P09", "A telephone number is called for promotion as far as its owner agreed", Assutech),
        new("P10", "Marketing is objected to at any time and without a reason, other processing with one", Assutech),
        new("P11", "Profiling is objected to", Assutech),
        new("P12", "Data that is restricted is only stored", Assutech, Allure),
        new("P13", "People get their data, also in a form that machines read and other controllers take", Assutech, Allure, Quintus, Spectral),
        new("P14", "What is wrong is put right", Assutech, Allure, Quintus),
        new("P15", "Data is erased, with reasons where it is not or not all of it is", Assutech, Allure, Quintus, Vms),
        new("P16", "Requests are free of charge and answered within one month", Assutech),
        new("P17", "Data is kept for the contract, the consent, the law or an order, and deleted afterwards", Assutech),
        new("P18", "A change that affects what rests on consent needs a new consent", Assutech),
        new("P19", "A revised policy may be declined; the service goes on for those who accept it", Allure),
        new("P20", "Every promotional mail has an unsubscribe link, and contacting the company works too", Allure, Quintus, Vms),
        new("P21", "Three ways out: the preferences page, the unsubscribe link, the unsubscribe page", Quintus),
        new("P22", "Unsubscribing does not stop transactional mail", Quintus, Vms),
        new("P23", "Data is used for disclosed purposes only, with five exceptions", Quintus),
        new("P24", "Partners get data by explicit consent, and are bound likewise", Quintus),
        new("P25", "Withdrawing everything and asking to be forgotten erases all that can be", Quintus),
        new("P26", "For those not of age a parent consents first", Quintus),
        new("P27", "Job applications are kept for reporting as the law permits", Quintus),
        new("P28", "Material changes of the policy are announced", Quintus, Allure),
        new("P29", "Those affected by a breach are told", Quintus),
        new("P30", "The newsletter and each module’s notifications are left separately", Vms),
        new("P31", "Connecting a calendar agrees to events being added and removed", Vms),
        new("P32", "Data is destroyed at the end of the service", Vms),
        new("P33", "The users’ own customers are served on the users’ instructions", Vms),
        new("P34", "Analytics, retargeting and profiling by cookies heed browsers’ signals", Vms, Spectral, Assutech),
        new("P35", "Data is disclosed where the law requires it", Spectral, Quintus),
        new("P36", "Data from other sources names its source", Assutech),
        new("P37", "The terms are agreed to before the site is used", Quintus),
        new("P38", "In a merger or sale data passes to the successor", Allure, Quintus),
    ];

    public static IReadOnlyList<string> Everybody => RunningServices.Tenants;
}
