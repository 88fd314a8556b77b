namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>RFC 7240: what a caller prefers is a wish, so what cannot be read is not there.</summary>
public sealed class ReceiptPreferenceTests
{
    [Theory]
    [InlineData("receipt", 2)]
    [InlineData("Receipt", 2)]
    [InlineData("receipt; wait=5", 5)]
    [InlineData("receipt;wait=\"5\"", 5)]
    [InlineData("receipt, wait=5", 5)]
    [InlineData("wait=5, respond-async, receipt", 5)]
    [InlineData("receipt; wait=3, wait=5", 3)]
    [InlineData("receipt; wait=3; wait=5", 3)]
    [InlineData("receipt; wait=3, receipt; wait=5", 3)]
    [InlineData("receipt; wait=0", 0)]
    [InlineData("receipt; wait=3600", 10)]
    [InlineData("receipt; wait=-1", 2)]
    [InlineData("receipt; wait=soon", 2)]
    [InlineData("receipt; wait", 2)]
    [InlineData("receipt; wait=99999999999", 2)]
    [InlineData("receipt; colour=blue", 2)]
    [InlineData("receipt=", 2)]
    public void A_receipt_is_waited_for_as_long_as_asked(string header, int seconds) => ReceiptPreference.Read(header).Wait.ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("")]
    [InlineData("wait=5")]
    [InlineData("respond-async; receipt")]
    [InlineData("return=receipt")]
    [InlineData("receipts")]
    [InlineData(",;=,;\"")]
    public void Without_the_word_none_is_asked_for(string header) => ReceiptPreference.Read(header).Wait.ShouldBeNull();
}
