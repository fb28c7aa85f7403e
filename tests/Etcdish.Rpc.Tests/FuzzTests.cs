using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Tests;

/// <summary>
/// Seeded random input to everything that reads bytes of strangers. A slice runs with the tests; the whole million by
/// <c>ETCDISH_FUZZ_RUNS=1000000 dotnet test -c Release tests/Etcdish.Rpc.Tests --filter FullyQualifiedName~FuzzTests</c>,
/// and one seed again by <c>ETCDISH_FUZZ_SEED=n</c>.
/// </summary>
public class FuzzTests
{
    private const int MaxMessageBytes = 200;

    private static readonly int _runs = Setting("ETCDISH_FUZZ_RUNS", 3000);
    private static readonly int _firstSeed = Setting("ETCDISH_FUZZ_SEED", 1);

    [Test]
    public async Task The_framer_agrees_with_a_simple_model_whatever_the_bytes_and_the_pieces()
    {
        RpcApplication application = Application();
        for (int seed = _firstSeed; seed < _firstSeed + _runs; seed++)
        {
            var random = new Random(seed);
            byte[] body = RandomBody(random);
            (byte[] expectedEcho, string expectedStatus) = Model(body);
            var call = new InMemoryCall("RawDuplex", Split(body, random));
            await call.RunAsync(application);
            if (call.Status != expectedStatus || !call.Response.AsSpan().SequenceEqual(expectedEcho) || call.WasReset)
            {
                Assert.Fail($"seed {seed}: status {call.Status} \"{call.Message}\" instead of {expectedStatus} for {Convert.ToHexString(body)}");
            }
        }
    }

    [Test]
    public async Task Compressed_rubbish_ends_as_a_status()
    {
        RpcApplication application = Application();
        for (int seed = _firstSeed; seed < _firstSeed + _runs; seed++)
        {
            var random = new Random(seed);
            byte[] packed = ProtocolTests.Compress(new byte[random.Next(1, 2 * MaxMessageBytes)]);
            for (int flips = random.Next(4); flips > 0; flips--)
            {
                packed[random.Next(packed.Length)] ^= (byte)(1 << random.Next(8));
            }

            var call = new InMemoryCall("RawDuplex", Split(RawHttp2Client.Message(packed, format: 1), random));
            call.RequestHeaders["grpc-encoding"] = "gzip";
            await call.RunAsync(application);
            Assert.That(call.Status, Is.AnyOf("0", "8", "13"), $"seed {seed}: {call.Message}");
        }
    }

    [Test]
    public async Task Malformed_protobuf_ends_as_a_status()
    {
        RpcApplication application = Application();
        for (int seed = _firstSeed; seed < _firstSeed + _runs; seed++)
        {
            var random = new Random(seed);
            byte[] message = new byte[random.Next(40)];
            random.NextBytes(message);
            var call = new InMemoryCall("Duplex", Split(RawHttp2Client.Message(message), random));
            await call.RunAsync(application);
            Assert.That(call.Status, Is.AnyOf("0", "13"), $"seed {seed}: {call.Message}");
        }
    }

    [Test]
    public void Header_codecs_take_any_text_and_give_back_their_own()
    {
        for (int seed = _firstSeed; seed < _firstSeed + _runs; seed++)
        {
            var random = new Random(seed);
            string text = RandomText(random);
            byte[] bytes = new byte[random.Next(30)];
            random.NextBytes(bytes);

            PercentEncoding.Decode(text);
            _ = GrpcTimeout.TryParse(text, out _);
            _ = BinaryMetadata.TryDecode(text, out _);
            string encoded = PercentEncoding.Encode(text);
            var time = TimeSpan.FromTicks(random.NextInt64(1, TimeSpan.MaxValue.Ticks >> random.Next(60)));

            Assert.That(encoded.AsSpan().ContainsAnyExceptInRange(' ', '~'), Is.False, $"seed {seed}");
            Assert.That(PercentEncoding.Decode(encoded), Is.EqualTo(text), $"seed {seed}");
            Assert.That(BinaryMetadata.TryDecode(BinaryMetadata.Encode(bytes), out byte[] decoded) && decoded.AsSpan().SequenceEqual(bytes), $"seed {seed}");
            Assert.That(GrpcTimeout.TryParse(GrpcTimeout.Format(time), out TimeSpan parsed) && parsed <= time, $"seed {seed}: {time}");
        }
    }

    private static RpcApplication Application()
    {
        var endpoint = new RpcEndpoint(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        RpcServices services = new EchoHandlers().Register(new RpcServices());
        FrozenDictionary<string, RpcMethod> methods = services.Build();
        var options = new RpcServerOptions { Endpoints = [endpoint], Services = services, MaxReceiveMessageBytes = MaxMessageBytes };
        return new RpcApplication(methods, options, CancellationToken.None);
    }

    /// <summary>What an echo of the body should be: every whole message, then the first error.</summary>
    private static (byte[] Echo, string Status) Model(byte[] body)
    {
        int at = 0;
        while (at < body.Length)
        {
            ReadOnlySpan<byte> rest = body.AsSpan(at);
            if (rest.Length < 5)
            {
                return (body[..at], "13");
            }

            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest[1..]);
            if (rest[0] > 1)
            {
                return (body[..at], "13");
            }

            if (length > MaxMessageBytes)
            {
                return (body[..at], "8");
            }

            if (rest.Length < 5 + length || rest[0] == 1)
            {
                return (body[..at], "13");
            }

            at += 5 + (int)length;
        }

        return (body, "0");
    }

    // Mostly lawful messages, so that runs get deep; now and then a wrong byte, a wrong length or a cut.
    private static byte[] RandomBody(Random random)
    {
        var body = new List<byte>();
        for (int messages = random.Next(6); messages > 0; messages--)
        {
            byte[] payload = new byte[random.Next(4) == 0 ? random.Next(MaxMessageBytes + 3) : random.Next(20)];
            random.NextBytes(payload);
            body.AddRange(RawHttp2Client.Message(payload));
        }

        byte[] bytes = [.. body];
        switch (random.Next(6))
        {
            case 0 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                break;
            case 1 when bytes.Length > 0:
                bytes = bytes[..random.Next(bytes.Length)];
                break;
            case 2:
                bytes = new byte[random.Next(30)];
                random.NextBytes(bytes);
                break;
            default:
                break;
        }

        return bytes;
    }

    private static List<byte[]> Split(byte[] body, Random random)
    {
        var pieces = new List<byte[]>();
        int longest = random.Next(3) switch { 0 => 2, 1 => 20, _ => 1000 };
        for (int at = 0; at < body.Length;)
        {
            int length = Math.Min(random.Next(1, longest), body.Length - at);
            pieces.Add(body[at..(at + length)]);
            at += length;
        }

        return pieces;
    }

    private static string RandomText(Random random)
    {
        const string Likely = "%%%0123456789abcdefABCDEFSmunHM=+/ ~\n\u00f6\u20ac";
        char[] text = new char[random.Next(20)];
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = random.Next(5) == 0 ? (char)random.Next(0xD800) : Likely[random.Next(Likely.Length)];
        }

        return new string(text);
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
