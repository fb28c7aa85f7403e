using Google.Protobuf;

namespace Etcdish.Client.Tests;

public sealed class KeyRangeTests
{
    [TestCase(new byte[] { 1, 2 }, new byte[] { 1, 3 })]
    [TestCase(new byte[] { 1, 0xff }, new byte[] { 2 })]
    [TestCase(new byte[] { 1, 0xff, 0xff }, new byte[] { 2 })]
    [TestCase(new byte[] { 0xff, 0xff }, new byte[] { 0 })]
    public void A_prefix_ends_before_the_first_key_that_does_not_start_so(byte[] prefix, byte[] end)
    {
        KeyRange range = KeyRange.Prefix(ByteString.CopyFrom(prefix));
        Assert.That(range.Key.ToByteArray(), Is.EqualTo(prefix));
        Assert.That(range.End.ToByteArray(), Is.EqualTo(end));
    }

    [Test]
    public void An_empty_prefix_means_every_key() => Assert.That(KeyRange.Prefix(""), Is.EqualTo(KeyRange.All));
}
