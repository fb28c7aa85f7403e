using Google.Protobuf;
using Pb = Etcdish.Protos;

namespace Etcdish.Store.Tests.Watch;

public sealed class WatchRequestDecoderTests
{
    [Test]
    public void A_create_request_is_read_whole()
    {
        Pb.WatchRequest message = new()
        {
            CreateRequest = new Pb.WatchCreateRequest
            {
                Key = ByteString.CopyFromUtf8("key"),
                RangeEnd = ByteString.CopyFromUtf8("kez"),
                StartRevision = -9,
                ProgressNotify = true,
                PrevKv = true,
                WatchId = long.MaxValue,
                Fragment = true,
                Filters = { Pb.WatchCreateRequest.Types.FilterType.Noput, Pb.WatchCreateRequest.Types.FilterType.Nodelete },
            },
        };
        WatchRequest request = WatchRequestDecoder.Decode(message.ToByteArray());
        Assert.That(request.Kind, Is.EqualTo(WatchRequestKind.Create));
        WatchCreateRequest create = request.Create!;
        Assert.That(create.Key, Is.EqualTo("key"u8.ToArray()));
        Assert.That(create.RangeEnd, Is.EqualTo("kez"u8.ToArray()));
        Assert.That((create.StartRevision, create.WatchId), Is.EqualTo((-9L, long.MaxValue)));
        Assert.That((create.ProgressNotify, create.PrevKv, create.Fragment, create.NoPut, create.NoDelete),
            Is.EqualTo((true, true, true, true, true)));
    }

    [TestCase(new byte[] { 0x28, 0 }, true, false)]
    [TestCase(new byte[] { 0x28, 1 }, false, true)]
    [TestCase(new byte[] { 0x28, 1, 0x28, 0 }, true, true)]
    [TestCase(new byte[] { 0x2a, 1, 0 }, true, false)]
    [TestCase(new byte[] { 0x2a, 2, 1, 7 }, false, true)]
    [TestCase(new byte[] { 0x2a, 0 }, false, false)]
    public void Filters_may_be_packed_or_not(byte[] create, bool noPut, bool noDelete)
    {
        WatchCreateRequest read = WatchRequestDecoder.Decode((byte[])[0x0a, (byte)create.Length, .. create]).Create!;
        Assert.That((read.NoPut, read.NoDelete), Is.EqualTo((noPut, noDelete)));
    }

    [Test]
    public void The_other_requests_are_told_apart()
    {
        Assert.That(WatchRequestDecoder.Decode((byte[])[]).Kind, Is.EqualTo(WatchRequestKind.None));
        Assert.That(WatchRequestDecoder.Decode((byte[])[0x22, 0]).Kind, Is.EqualTo(WatchRequestKind.None), "a request of a later protocol");
        Assert.That(WatchRequestDecoder.Decode((byte[])[0x1a, 0]).Kind, Is.EqualTo(WatchRequestKind.Progress));
        Assert.That(WatchRequestDecoder.Decode((byte[])[0x12, 2, 8, 5]), Is.EqualTo(new WatchRequest(WatchRequestKind.Cancel, null, 5)));
        Assert.That(WatchRequestDecoder.Decode((byte[])[0x0a, 0, 0x12, 0]).Kind, Is.EqualTo(WatchRequestKind.Cancel), "the last one counts");
    }

    [TestCase(new byte[] { 0x0a })]
    [TestCase(new byte[] { 0x0a, 5, 0x0a })]
    [TestCase(new byte[] { 0x0a, 2, 0x0a, 1 })]
    [TestCase(new byte[] { 0x0a, 0x80 })]
    [TestCase(new byte[] { 0x02, 0 })]
    [TestCase(new byte[] { 0x0e, 0 })]
    [TestCase(new byte[] { 0x0c })]
    [TestCase(new byte[] { 0x0b, 0x0a, 0 })]
    [TestCase(new byte[] { 0x0b, 0x14 })]
    [TestCase(new byte[] { 0x12, 11, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2 })]
    public void Malformed_bytes_are_refused(byte[] message)
    {
        Assert.That(() => WatchRequestDecoder.Decode(message), Throws.TypeOf<MalformedRequestException>());
    }

    [Test]
    public void Random_bytes_are_read_as_the_protobuf_library_reads_them()
    {
        Random random = new(20261122);
        byte[] likely = [0x0a, 0x12, 0x1a, 0x08, 0x10, 0x18, 0x20, 0x28, 0x2a, 0x30, 0x38, 0x40, 0, 1, 2, 3, 4, 0x80, 0xff, 0x0b, 0x0c];
        for (int i = 0; i < 50_000; i++)
        {
            byte[] message = new byte[random.Next(14)];
            for (int at = 0; at < message.Length; at++)
                message[at] = random.Next(4) > 0 ? likely[random.Next(likely.Length)] : (byte)random.Next(256);

            // That library cuts tags to 32 bits, where others (and we) refuse them.
            if (!HasLongVarint(message) && Describe(message) != DescribeByLibrary(message))
                Assert.That(Describe(message), Is.EqualTo(DescribeByLibrary(message)), $"input {Convert.ToHexString(message)}");
        }
    }

    private static bool HasLongVarint(byte[] message)
    {
        int run = 0;
        foreach (byte part in message)
        {
            run = part >= 0x80 ? run + 1 : 0;
            if (run == 4)
                return true;
        }

        return false;
    }

    private static string Describe(byte[] message)
    {
        try
        {
            WatchRequest request = WatchRequestDecoder.Decode(message);
            return request.Create is { } c
                ? $"{Convert.ToHexString(c.Key)} {Convert.ToHexString(c.RangeEnd)} {c.StartRevision} {c.ProgressNotify} {c.PrevKv} "
                    + $"{c.WatchId} {c.Fragment} {c.NoPut} {c.NoDelete}"
                : $"{request.Kind} {request.CancelId}";
        }
        catch (MalformedRequestException)
        {
            return "malformed";
        }
    }

    private static string DescribeByLibrary(byte[] message)
    {
        try
        {
            Pb.WatchRequest request = Pb.WatchRequest.Parser.ParseFrom(message);
            return request.CreateRequest is { } c
                ? $"{Convert.ToHexString(c.Key.Span)} {Convert.ToHexString(c.RangeEnd.Span)} {c.StartRevision} {c.ProgressNotify} "
                    + $"{c.PrevKv} {c.WatchId} {c.Fragment} {c.Filters.Contains(0)} {c.Filters.Contains((Pb.WatchCreateRequest.Types.FilterType)1)}"
                : $"{(request.CancelRequest is not null ? "Cancel" : request.ProgressRequest is not null ? "Progress" : "None")} "
                    + $"{request.CancelRequest?.WatchId ?? 0}";
        }
        catch (InvalidProtocolBufferException)
        {
            return "malformed";
        }
    }
}
