using System.Buffers;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Tests;

/// <summary>The small codecs: timeouts, percent encoding, binary metadata, the preface.</summary>
public class WireTests
{
    [TestCase("1H", 36_000_000_000)]
    [TestCase("2M", 1_200_000_000)]
    [TestCase("5S", 50_000_000)]
    [TestCase("100m", 1_000_000)]
    [TestCase("7u", 70)]
    [TestCase("700n", 7)]
    [TestCase("1n", 1)]
    [TestCase("0n", 0)]
    [TestCase("99999999S", 999_999_990_000_000)]
    public void A_timeout_is_read(string text, long ticks)
    {
        Assert.That(GrpcTimeout.TryParse(text, out TimeSpan timeout));
        Assert.That(timeout.Ticks, Is.EqualTo(ticks));
    }

    [TestCase("")]
    [TestCase("S")]
    [TestCase("5")]
    [TestCase("5x")]
    [TestCase("-5S")]
    [TestCase(" 5S")]
    [TestCase("123456789S")]
    [TestCase("1.5S")]
    [TestCase("٣S")]
    public void What_is_no_timeout_is_refused(string text) => Assert.That(GrpcTimeout.TryParse(text, out _), Is.False);

    [Test]
    public void The_longest_timeout_is_clamped()
    {
        Assert.That(GrpcTimeout.TryParse("99999999H", out TimeSpan timeout));
        Assert.That(timeout, Is.EqualTo(TimeSpan.FromTicks(99_999_999L * TimeSpan.TicksPerHour)));
    }

    [TestCase(0, "1n")]
    [TestCase(-5, "1n")]
    [TestCase(1, "100n")]
    [TestCase(50_000_000, "5000000u")]
    [TestCase(36_000_000_000, "3600000m")]
    [TestCase(10_000_000_000_000, "1000000S")]
    [TestCase(long.MaxValue, "99999999H")]
    public void A_timeout_is_written(long ticks, string expected) =>
        Assert.That(GrpcTimeout.Format(TimeSpan.FromTicks(ticks)), Is.EqualTo(expected));

    [TestCase("plain text", "plain text")]
    [TestCase("100 %", "100 %25")]
    [TestCase("schön", "sch%C3%B6n")]
    [TestCase("a\nb", "a%0Ab")]
    [TestCase("", "")]
    public void A_message_is_percent_encoded_and_back(string text, string encoded)
    {
        Assert.That(PercentEncoding.Encode(text), Is.EqualTo(encoded));
        Assert.That(PercentEncoding.Decode(encoded), Is.EqualTo(text));
    }

    [TestCase("100%")]
    [TestCase("%")]
    [TestCase("%1")]
    [TestCase("%zz")]
    public void Half_an_escape_stays(string text) => Assert.That(PercentEncoding.Decode(text), Is.EqualTo(text));

    [TestCase("AAEC/w==")]
    [TestCase("AAEC/w")]
    public void Binary_metadata_is_read_with_and_without_padding(string text)
    {
        Assert.That(BinaryMetadata.TryDecode(text, out byte[] value));
        Assert.That(value, Is.EqualTo(new byte[] { 0, 1, 2, 255 }));
    }

    [TestCase("grpc-x")]
    [TestCase("a b")]
    [TestCase("")]
    [TestCase("x-bin")]
    public void Metadata_that_cannot_be_sent_is_refused(string name) =>
        Assert.That(() => new Metadata().Add(name, "value"), Throws.ArgumentException);

    [Test]
    public void A_value_with_a_line_break_is_refused() =>
        Assert.That(() => new Metadata().Add("x", "a\r\nb"), Throws.ArgumentException);

    [TestCase("", null)]
    [TestCase("P", null)]
    [TestCase("PR", null)]
    [TestCase("PRI * HTTP/2.0", null)]
    [TestCase("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true)]
    [TestCase("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", true)]
    [TestCase("PRI * HTTP/2.0\r\n\r\nXX", false)]
    [TestCase("POST / HTTP/1.1", false)]
    [TestCase("G", false)]
    [TestCase("PROPFIND", false)]
    public void The_first_bytes_tell_the_protocol(string start, bool? isHttp2) =>
        Assert.That(ProtocolSniffer.IsHttp2(new ReadOnlySequence<byte>(System.Text.Encoding.ASCII.GetBytes(start))), Is.EqualTo(isHttp2));

    [TestCase("FFFFFFFFFF")]
    [TestCase("1AFFFFFFFF07")]
    [TestCase("0AFFFFFFFF07")]
    [TestCase("7AFFFFFFFF07")]
    public void A_malformed_response_is_an_rpc_error(string hex)
    {
        byte[] body = RawHttp2Client.Message(Convert.FromHexString(hex));
        using var reader = new ResponseReader(new MemoryStream(body), maxMessageBytes: 100);
        Assert.That(
            async () => await reader.ReadAsync(Protos.EchoRequest.Parser, CancellationToken.None),
            Throws.TypeOf<RpcException>().With.Property("Code").EqualTo(StatusCode.Internal));
    }
}
