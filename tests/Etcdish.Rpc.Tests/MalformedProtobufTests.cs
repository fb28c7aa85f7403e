using Etcdish.Protos;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Tests;

/// <summary>What stands before the protobuf parser.</summary>
public class MalformedProtobufTests
{
    /// <summary>A transaction with a nested length of nearly 2 GiB, for which the parser alone allocates 675 MB.</summary>
    private const string HostileTxn =
        "0A14080110021A08BD334386DECB92DA3000820401290A0F080110051A020CDA820404931F119C121F1A1D0A102852FC8E445C2381224B2DF03F9334A112079E0791"
        + "774AFE9F18011A590AFFFFFFFF070A1320FE92416E8E6A878D9B70F4B25465C0AD9E541287DCFBC1123DDEC518ACD18FC3CB88D48C5520C8DE82040536311DAD250A"
        + "1D080110011A0F26951CC66D86F119B859CDD82BBCC9400082040303F9891200";

    [TestCase("")]
    [TestCase("0A0161", Description = "a key")]
    [TestCase("0A01611202010228", Description = "a tag without its value is the parser's to refuse")]
    [TestCase("FFFFFFFFFFFFFFFFFFFFFF", Description = "so is a varint without an end")]
    public void What_stays_inside_is_the_parsers(string hex) =>
        Assert.That(MalformedProtobuf.LengthsFit(Convert.FromHexString(hex), PutRequest.Descriptor));

    [TestCase("0A0261")]
    [TestCase("0AFFFFFFFF07")]
    [TestCase("7AFFFFFFFFFFFFFFFFFF01")]
    public void What_reaches_past_the_end_is_refused(string hex) =>
        Assert.That(MalformedProtobuf.LengthsFit(Convert.FromHexString(hex), PutRequest.Descriptor), Is.False);

    [Test]
    public void A_length_inside_a_nested_message_is_seen_and_nothing_is_allocated()
    {
        byte[] bytes = Convert.FromHexString(HostileTxn);
        MalformedProtobuf.LengthsFit(bytes, TxnRequest.Descriptor);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool fits = MalformedProtobuf.LengthsFit(bytes, TxnRequest.Descriptor);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000));
        Assert.That(fits, Is.False);
    }

    [Test]
    public void A_sound_message_fits()
    {
        TxnRequest txn = new();
        txn.Success.Add(new RequestOp { RequestTxn = new TxnRequest { Compare = { new Compare { Key = Google.Protobuf.ByteString.CopyFromUtf8("k") } } } });
        Assert.That(MalformedProtobuf.LengthsFit(Google.Protobuf.MessageExtensions.ToByteArray(txn), TxnRequest.Descriptor));
    }
}
