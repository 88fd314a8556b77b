namespace ConsentLedger.Vault.Tests;

public sealed class PaddingTests
{
    [Theory]
    [InlineData(0, 128)]
    [InlineData(1, 128)]
    [InlineData(127, 128)]
    [InlineData(128, 256)]
    [InlineData(255, 256)]
    [InlineData(256, 384)]
    public void Lengths_are_told_apart_only_in_steps_of_128(int length, int padded) => Padding.Pad(new byte[length]).Length.ShouldBe(padded);

    [Fact]
    public void Texts_that_end_like_padding_come_back_whole()
    {
        byte[][] texts = [[0], [0x80], [0x80, 0], [0, 0, 0x80], [.. Enumerable.Repeat((byte)0x80, 128)], new byte[300]];
        foreach (var text in texts) Padding.TextLength(Padding.Pad(text)).ShouldBe(text.Length);
    }

    [Fact]
    public void A_text_has_one_padded_form_and_every_other_is_refused()
    {
        var aStepTooLong = new byte[256];
        aStepTooLong[5] = 0x80;
        var notPadded = Enumerable.Repeat((byte)'a', 128).ToArray();
        var anotherEnd = new byte[128];
        anotherEnd[5] = 0x81;

        foreach (var bytes in (byte[][])[aStepTooLong, notPadded, anotherEnd, new byte[128], []]) Padding.TextLength(bytes).ShouldBe(-1);
    }
}
