using System.Globalization;
using System.Net;
using Etcdish.Rpc.Http2;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>
/// Whole connections made from chance. A slice runs with the tests; more by <c>ETCDISH_FUZZ_RUNS=100000</c>, one seed again by
/// <c>ETCDISH_FUZZ_SEED=n</c>, a million broken ones by the target <c>http2</c> of tests/Etcdish.Fuzz.
/// </summary>
public class ConversationTests
{
    private static readonly int _runs = Setting("ETCDISH_FUZZ_RUNS", 1500);
    private static readonly int _firstSeed = Setting("ETCDISH_FUZZ_SEED", 1);

    private readonly ConversationMaker _maker = new("/etcdish.rpc.tests.Echo/Raw");
    private readonly Http2Service _service = Service();

    [Test]
    public async Task A_lawful_conversation_is_answered_alike_however_its_bytes_are_cut()
    {
        for (int seed = _firstSeed; seed < _firstSeed + _runs; seed++)
        {
            var random = new Random(seed);
            var messages = new Dictionary<int, byte[]>();
            byte[] sent = [.. _maker.Make(random, messages).SelectMany(frame => frame)];

            EngineRun run = await EngineRun.RunToTheEndAsync(_service, ConversationMaker.Cut(sent, random), messages.Count);

            Assert.That(run.GoAwayCode, Is.Null, $"seed {seed}");
            Assert.That(run.Ended, Is.EquivalentTo(messages.Keys), $"seed {seed}");
            foreach ((int streamId, byte[] message) in messages)
            {
                Assert.That(
                    run.Answers[streamId].ToArray().AsSpan(5).SequenceEqual(message), $"seed {seed}, stream {streamId}: another echo");
            }
        }
    }

    [Test]
    public void A_broken_conversation_is_judged_alike_however_its_bytes_are_cut()
    {
        for (int seed = _firstSeed; seed < _firstSeed + _runs; seed++)
        {
            var random = new Random(seed);
            byte[] sent = _maker.MakeBroken(random);

            EngineRun whole = EngineRun.Run(_service, [sent]);
            EngineRun pieces = EngineRun.Run(_service, ConversationMaker.Cut(sent, random));

            if (!IsOfTime(whole.GoAwayCode) && !IsOfTime(pieces.GoAwayCode))
            {
                Assert.That(pieces.GoAwayCode, Is.EqualTo(whole.GoAwayCode), $"seed {seed}: {Convert.ToHexString(sent)}");
            }
        }
    }

    // Whether a stream has been answered already decides between an error of the stream and one of the connection: that depends on time.
    private static bool IsOfTime(int? code) => code is (int)Http2ErrorCode.StreamClosed or (int)Http2ErrorCode.FlowControlError;

    private static Http2Service Service()
    {
        RpcServerOptions options = EchoServer.Options(new RpcEndpoint(new IPEndPoint(IPAddress.Loopback, 0)), new EchoHandlers());
        var application = new RpcApplication(options.Services.Build(), options, CancellationToken.None);
        return new Http2Service(application, new FallbackApplication(options), options, TimeProvider.System);
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
