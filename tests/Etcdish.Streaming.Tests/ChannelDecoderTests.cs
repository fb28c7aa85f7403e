using System.Text;
using Etcdish.Streaming.WebSockets;

namespace Etcdish.Streaming.Tests;

internal sealed class ChannelDecoderTests
{
    [Test]
    public void A_message_may_come_in_any_parts([Range(0, 6)] int cut, [Values] bool isBase64)
    {
        var message = Encoding.ASCII.GetBytes(isBase64 ? "1aGVsbG8=" : "\u0001hello");
        var decoder = new ChannelDecoder(isBase64 ? ChannelProtocol.V4Base64 : ChannelProtocol.V4);

        var text = new StringBuilder();
        foreach (var (part, end) in new[] { (message[..cut], false), (message[cut..], true), (message, true) })
        {
            var decoded = decoder.Decode(part, end);
            Assert.That(decoded.Channel, Is.EqualTo(1).Or.EqualTo(cut == 0 ? -1 : 1));
            text.Append(Encoding.ASCII.GetString(decoded.Data.Span));
        }

        Assert.That(text.ToString(), Is.EqualTo("hellohello"));
    }

    [TestCase("v5.channel.k8s.io", true)]
    [TestCase("v4.channel.k8s.io", false)]
    public void Channel_255_closes_another_in_version_5_only(string name, bool isClose)
    {
        var protocol = name == ChannelProtocol.V5.Name ? ChannelProtocol.V5 : ChannelProtocol.V4;

        var part = new ChannelDecoder(protocol).Decode(new byte[] { 255, 0 }, endOfMessage: true);

        Assert.That((part.Channel, part.IsClose), Is.EqualTo(isClose ? (0, true) : (255, false)));
    }

    [Test]
    public void Empty_messages_say_nothing()
    {
        var decoder = new ChannelDecoder(ChannelProtocol.V5);

        Assert.That(decoder.Decode(default, endOfMessage: true), Is.EqualTo(ChannelPart.Nothing));
        Assert.That(decoder.Decode(new byte[] { 255 }, endOfMessage: true), Is.EqualTo(ChannelPart.Nothing));
        Assert.That(decoder.Decode(new byte[] { 0, 7 }, endOfMessage: true).Data.ToArray(), Is.EqualTo(new byte[] { 7 }));
    }

    [TestCase("xaGVsbG8=")]
    [TestCase("1aGVsbG8")]
    [TestCase("1!!!!")]
    public void What_is_not_in_base64_is_refused(string message)
    {
        var decoder = new ChannelDecoder(ChannelProtocol.V4Base64);

        Assert.That(
            () => decoder.Decode(Encoding.ASCII.GetBytes(message), endOfMessage: true), Throws.TypeOf<StreamingProtocolException>());
    }
}
