using Etcdish.Rpc.Http2;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>The examples of RFC 7541, appendix C, with the table after each block, listed from the newest entry on.</summary>
public class HpackExampleTests
{
    private const string Date21 = "date: Mon, 21 Oct 2013 20:13:21 GMT";
    private const string Date22 = "date: Mon, 21 Oct 2013 20:13:22 GMT";
    private const string Cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    private const string Location = "location: https://www.example.com";
    private const string Authority = ":authority: www.example.com";

    // C.2
    [TestCase("400A637573746F6D2D6B65790D637573746F6D2D686561646572", "custom-key: custom-header", 55)]
    [TestCase("040C2F73616D706C652F70617468", ":path: /sample/path", 0)]
    [TestCase("100870617373776F726406736563726574", "password: secret", 0)]
    [TestCase("82", ":method: GET", 0)]
    public void A_field_is_represented(string block, string field, int tableBytes)
    {
        HpackDecoder decoder = new(4096, 4096);

        AssertDecodes(decoder, block, [field], tableBytes);
        Assert.That(Table(decoder), Is.EqualTo(tableBytes == 0 ? (string[])[] : [field]));
    }

    // C.3 and C.4
    [TestCase("828684410F7777772E6578616D706C652E636F6D", "828684BE58086E6F2D6361636865",
        "828785BF400A637573746F6D2D6B65790C637573746F6D2D76616C7565", TestName = "Requests follow each other in plain text")]
    [TestCase("828684418CF1E3C2E5F23A6BA0AB90F4FF", "828684BE5886A8EB10649CBF",
        "828785BF408825A849E95BA97D7F8925A849E95BB8E8B4BF", TestName = "Requests follow each other in Huffman code")]
    public void Requests_follow_each_other(string first, string second, string third)
    {
        HpackDecoder decoder = new(4096, 4096);

        AssertDecodes(decoder, first, [":method: GET", ":scheme: http", ":path: /", Authority], 57);
        Assert.That(Table(decoder), Is.EqualTo((string[])[Authority]));

        AssertDecodes(decoder, second, [":method: GET", ":scheme: http", ":path: /", Authority, "cache-control: no-cache"], 110);
        Assert.That(Table(decoder), Is.EqualTo((string[])["cache-control: no-cache", Authority]));

        AssertDecodes(
            decoder, third, [":method: GET", ":scheme: https", ":path: /index.html", Authority, "custom-key: custom-value"], 164);
        Assert.That(Table(decoder), Is.EqualTo((string[])["custom-key: custom-value", "cache-control: no-cache", Authority]));
    }

    // C.5 and C.6, where the table has 256 bytes.
    [TestCase(
        "4803333032580770726976617465611D4D6F6E2C203231204F637420323031332032303A31333A323120474D54"
        + "6E1768747470733A2F2F7777772E6578616D706C652E636F6D",
        "4803333037C1C0BF",
        "88C1611D4D6F6E2C203231204F637420323031332032303A31333A323220474D54C05A04677A69707738"
        + "666F6F3D4153444A4B48514B425A584F5157454F50495541585157454F49553B206D61782D6167653D333630303B2076657273696F6E3D31",
        TestName = "Responses evict in plain text")]
    [TestCase(
        "488264025885AEC3771A4B6196D07ABE941054D444A8200595040B8166E082A62D1BFF6E919D29AD171863C78F0B97C8E9AE82AE43D3",
        "4883640EFFC1C0BF",
        "88C16196D07ABE941054D444A8200595040B8166E084A62D1BFFC05A839BD9AB77AD94E7821DD7F2E6C7B335DFDFCD5B3960D5AF"
        + "27087F3672C1AB270FB5291F9587316065C003ED4EE5B1063D5007",
        TestName = "Responses evict in Huffman code")]
    public void Responses_evict(string first, string second, string third)
    {
        HpackDecoder decoder = new(256, 4096);
        AssertDecodes(decoder, Convert.ToHexString(ModelHpack.TableSize(256)), [], 0);

        AssertDecodes(decoder, first, [":status: 302", "cache-control: private", Date21, Location], 222);
        Assert.That(Table(decoder), Is.EqualTo((string[])[Location, Date21, "cache-control: private", ":status: 302"]));

        AssertDecodes(decoder, second, [":status: 307", "cache-control: private", Date21, Location], 222);
        Assert.That(Table(decoder), Is.EqualTo((string[])[":status: 307", Location, Date21, "cache-control: private"]));

        AssertDecodes(
            decoder, third, [":status: 200", "cache-control: private", Date22, Location, "content-encoding: gzip", Cookie], 215);
        Assert.That(Table(decoder), Is.EqualTo((string[])[Cookie, "content-encoding: gzip", Date22]));
    }

    // C.1, and the ends of what an integer can be.
    [TestCase(10, 5, "0A")]
    [TestCase(1337, 5, "1F9A0A")]
    [TestCase(42, 8, "2A")]
    [TestCase(0, 1, "00")]
    [TestCase(30, 5, "1E")]
    [TestCase(31, 5, "1F00")]
    [TestCase(254, 7, "7F7F")]
    [TestCase(255, 7, "7F8001")]
    [TestCase(int.MaxValue, 7, "7F80FFFFFF07")]
    [TestCase(int.MaxValue, 1, "01FEFFFFFF07")]
    public void An_integer_is_represented(int value, int prefixBits, string expected)
    {
        byte[] bytes = new byte[HpackInteger.MaxBytes];
        int count = HpackInteger.Write(bytes, flags: 0, prefixBits, value);
        int at = 0;

        Assert.That(Convert.ToHexString(bytes, 0, count), Is.EqualTo(expected));
        Assert.That(HpackInteger.Read(bytes, ref at, prefixBits), Is.EqualTo(value));
        Assert.That(at, Is.EqualTo(count));
    }

    [Test]
    public void Bits_above_an_integer_are_left_to_others()
    {
        byte[] bytes = new byte[HpackInteger.MaxBytes];

        Assert.That(HpackInteger.Write(bytes, flags: 0xE0, prefixBits: 5, 1337), Is.EqualTo(3));
        Assert.That(bytes[0], Is.EqualTo(0xFF));
        int at = 0;
        Assert.That(HpackInteger.Read(bytes, ref at, 5), Is.EqualTo(1337));
    }

    [TestCase("", TestName = "An integer without a byte")]
    [TestCase("7F", TestName = "An integer without its rest")]
    [TestCase("7FFF", TestName = "An integer without the end of its rest")]
    [TestCase("7F81FFFFFF07", TestName = "An integer of 2^31")]
    [TestCase("7FFFFFFFFF7F", TestName = "An integer of 2^35")]
    [TestCase("7F808080808000", TestName = "An integer in too many bytes")]
    public void An_integer_is_refused(string bytes)
    {
        int at = 0;
        Assert.That(() => HpackInteger.Read(Convert.FromHexString(bytes), ref at, 7), Throws.TypeOf<HpackException>());
    }

    private static void AssertDecodes(HpackDecoder decoder, string block, string[] expected, int tableBytes)
    {
        List<HeaderField> fields = [];
        decoder.Decode(Convert.FromHexString(block), fields);

        Assert.That(fields.ConvertAll(field => field.ToString()), Is.EqualTo(expected));
        Assert.That(decoder.Table.Bytes, Is.EqualTo(tableBytes));
    }

    private static List<string> Table(HpackDecoder decoder) =>
        [.. Enumerable.Range(0, decoder.Table.Count).Select(age => decoder.Table[age].ToString())];
}
