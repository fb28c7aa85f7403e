using System.Buffers;
using System.Text;
using System.Text.Json;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Server.Gateway;
using Google.Protobuf;

namespace Etcdish.Server.Tests;

public sealed class GatewayJsonTests
{
    [Test]
    public void Messages_are_written_as_etcds_gateway_writes_them()
    {
        var response = new RangeResponse
        {
            Header = new ResponseHeader { ClusterId = ulong.MaxValue, MemberId = 2, Revision = 5, RaftTerm = 1 },
            Kvs = { new KeyValue { Key = ByteString.CopyFromUtf8("foo"), Value = ByteString.CopyFrom(0xff, 0x00), ModRevision = 5, Version = 1 } },
            Count = 1,
        };

        Assert.That(Write(response), Is.EqualTo(
            """{"header":{"cluster_id":"18446744073709551615","member_id":"2","revision":"5","raft_term":"1"}"""
            + ",\"kvs\":[{\"key\":\"Zm9v\",\"mod_revision\":\"5\",\"version\":\"1\",\"value\":\"/wA=\"}],\"count\":\"1\"}"));
    }

    [Test]
    public void Enums_are_names_and_a_set_union_shows_even_when_zero()
    {
        var compare = new Compare { Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Greater, ModRevision = 0 };

        Assert.That(Write(compare), Is.EqualTo("""{"result":"GREATER","target":"MOD","mod_revision":"0"}"""));
    }

    [TestCase("""{"key":"Zm9v","limit":"7","sort_order":"DESCEND","unknown":{"x":[1]}}""")]
    [TestCase("""{"key":"Zm9v","limit":7,"sort_order":2}""")]
    [TestCase("""{"key":"Zm9v","limit":7,"sortOrder":"DESCEND"}""")]
    public void Numbers_may_be_text_enums_numbers_and_unknown_fields_are_skipped(string json)
    {
        var request = (RangeRequest)GatewayJson.Parse(json, RangeRequest.Descriptor);

        Assert.Multiple(() =>
        {
            Assert.That(request.Key.ToStringUtf8(), Is.EqualTo("foo"));
            Assert.That(request.Limit, Is.EqualTo(7));
            Assert.That(request.SortOrder, Is.EqualTo(RangeRequest.Types.SortOrder.Descend));
        });
    }

    [Test]
    public void Every_method_with_a_path_in_etcd_has_it_here() => Assert.Multiple(() =>
    {
        Assert.That(GatewayRoutes.ByPath, Has.Count.EqualTo(51));
        Assert.That(GatewayRoutes.ByPath.Values.Select(method => method.FullName).Distinct().Count(), Is.EqualTo(48));
        Assert.That(GatewayRoutes.ByPath["/v3/kv/lease/leases"].FullName, Is.EqualTo("etcdserverpb.Lease.LeaseLeases"));
        Assert.That(GatewayRoutes.ByPath["/v3/election/observe"].FullName, Is.EqualTo("v3electionpb.Election.Observe"));
    });

    [TestCase(StatusCode.InvalidArgument, 400)]
    [TestCase(StatusCode.OutOfRange, 400)]
    [TestCase(StatusCode.Unauthenticated, 401)]
    [TestCase(StatusCode.PermissionDenied, 403)]
    [TestCase(StatusCode.NotFound, 404)]
    [TestCase(StatusCode.ResourceExhausted, 429)]
    [TestCase(StatusCode.Unknown, 500)]
    [TestCase(StatusCode.Unimplemented, 501)]
    [TestCase(StatusCode.Unavailable, 503)]
    [TestCase(StatusCode.DeadlineExceeded, 504)]
    public void Status_codes_map_as_in_grpc_gateway(StatusCode code, int http) =>
        Assert.That(GatewayError.HttpStatus(code), Is.EqualTo(http));

    private static string Write(IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (Utf8JsonWriter json = GatewayJson.OpenWriter(buffer))
        {
            GatewayJson.Write(json, message);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
