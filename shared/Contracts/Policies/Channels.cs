namespace ConsentLedger.Contracts.Policies;

/// <summary>The ways to reach a person. <c>web</c> stands for what happens on a site itself, such as cookies.</summary>
public static class Channels
{
    public const string Email = "email";
    public const string Sms = "sms";
    public const string Phone = "phone";
    public const string Post = "post";
    public const string Push = "push";
    public const string Web = "web";

    public static IReadOnlyList<string> All { get; } = [Email, Sms, Phone, Post, Push, Web];
}
