using System.Net.Sockets;
using System.Text;
using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Questions and answers on the bulk connection.</summary>
public class PeerAskTests
{
    [Test]
    public async Task Answers_of_any_size_come_back_one_after_the_other()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        var chunk = new byte[4 << 20];
        new Random(5).NextBytes(chunk);
        bob.Inbox.Answer = (request, _) =>
            ValueTask.FromResult<ReadOnlyMemory<byte>>(chunk.AsMemory(0, BitConverter.ToInt32(request.Span)));

        foreach (int size in (int[])[0, 1, 4 << 20, 65_527, 4 << 20, 3])
        {
            ReadOnlyMemory<byte> answer = await alice.Network.AskAsync(2, BitConverter.GetBytes(size), CancellationToken.None);
            Assert.That(answer.Span.SequenceEqual(chunk.AsSpan(0, size)), $"{size} bytes");
        }

        ReadOnlyMemory<byte>[] answers = await Task.WhenAll(
            Enumerable.Range(1, 20)
                .Select(size => alice.Network.AskAsync(2, BitConverter.GetBytes(size), CancellationToken.None).AsTask()));
        Assert.That(
            answers.Select(answer => answer.Length), Is.EqualTo(Enumerable.Range(1, 20)), "each asker has the answer to its own question");
    }

    [Test]
    public async Task Large_questions_are_heard()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        var question = new byte[8 << 20];
        new Random(6).NextBytes(question);

        ReadOnlyMemory<byte> answer = await alice.Network.AskAsync(2, question, CancellationToken.None);

        Assert.That(answer.Span.SequenceEqual(question));
        Assert.That(
            async () => await alice.Network.AskAsync(2, new byte[(8 << 20) + 1], CancellationToken.None),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_failure_is_told_to_the_asker_and_the_connection_goes_on()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        bob.Inbox.Answer = (_, _) => throw new InvalidOperationException("größer than thought");
        Assert.That(
            async () => await alice.Network.AskAsync(2, new byte[1], CancellationToken.None),
            Throws.TypeOf<PeerAskException>().With.Message.Contains("größer than thought"));

        bob.Inbox.Answer = (_, _) => ValueTask.FromResult<ReadOnlyMemory<byte>>(new byte[(8 << 20) + 1]);
        Assert.That(
            async () => await alice.Network.AskAsync(2, new byte[1], CancellationToken.None),
            Throws.TypeOf<PeerAskException>().With.Message.Contains("8388609 bytes"));

        bob.Inbox.Answer = (request, _) => ValueTask.FromResult(request);
        Assert.That((await alice.Network.AskAsync(2, new byte[3], CancellationToken.None)).Length, Is.EqualTo(3));
    }

    [Test]
    public async Task A_cancelled_question_is_cancelled_at_the_other_side_and_its_answer_is_not_taken_for_the_next()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bob.Inbox.Answer = async (request, cancellation) =>
        {
            using CancellationTokenRegistration end = cancellation.Register(cancelled.SetResult);
            asked.SetResult();
            await cancelled.Task;
            return request;
        };
        using CancellationTokenSource impatience = new();
        Task<ReadOnlyMemory<byte>> first = alice.Network.AskAsync(2, "first"u8.ToArray(), impatience.Token).AsTask();
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        bob.Inbox.Answer = (request, _) => ValueTask.FromResult(request);
        Task<ReadOnlyMemory<byte>> second = alice.Network.AskAsync(2, "second"u8.ToArray(), CancellationToken.None).AsTask();

        await impatience.CancelAsync();

        Assert.That(async () => await first, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Encoding.UTF8.GetString((await second.WaitAsync(TimeSpan.FromSeconds(20))).Span), Is.EqualTo("second"));
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Test]
    public async Task Nobody_there_is_an_error_and_so_is_nobody_known()
    {
        await using TestPeer alice = TestPeer.Start(1);
        TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        await alice.Network.AskAsync(2, new byte[1], CancellationToken.None);
        string url = bob.Url;
        await bob.DisposeAsync();

        Assert.That(async () => await alice.Network.AskAsync(2, new byte[1], CancellationToken.None), Throws.TypeOf<PeerAskException>());
        Assert.That(async () => await alice.Network.AskAsync(3, new byte[1], CancellationToken.None), Throws.TypeOf<PeerAskException>());

        await using TestPeer again = TestPeer.Start(2, options => options with { ListenUrls = [url] });
        ReadOnlyMemory<byte> answer = await alice.Network.AskAsync(2, new byte[1], CancellationToken.None);
        Assert.That(answer.Length, Is.EqualTo(1), "the next question dials anew");
    }

    [Test]
    public async Task An_answer_that_is_damaged_or_empty_is_an_error()
    {
        foreach (byte[] reply in (byte[][])[[.. TestPeer.Wrap([1, 2, 3])[..^1], 9], TestPeer.Wrap([]), [255, 255, 255, 255, 0, 0, 0, 0]])
        {
            using TcpListener liar = new(System.Net.IPAddress.Loopback, 0);
            liar.Start();
            await using TestPeer alice = TestPeer.Start(1);
            alice.Network.SetMembers([new PeerAddress(2, [$"http://{liar.LocalEndpoint}"])], []);
            Task<ReadOnlyMemory<byte>> asking = alice.Network.AskAsync(2, new byte[1], CancellationToken.None).AsTask();
            Task lying = LieAsync(liar, reply);

            Assert.That(async () => await asking, Throws.TypeOf<PeerAskException>());
            await lying;
        }

        static async Task LieAsync(TcpListener liar, byte[] reply)
        {
            for (int kinds = 0; kinds < 2;)
            {
                Socket socket = await liar.AcceptSocketAsync();
                NetworkStream stream = new(socket, ownsSocket: true);
                var hello = new byte[PeerHandshake.HelloBytes];
                await stream.ReadExactlyAsync(hello);
                await stream.WriteAsync(PeerHandshake.Encode(PeerRefusal.None));
                if (PeerHandshake.DecodeHello(hello).Kind == ConnectionKind.Bulk)
                {
                    await stream.WriteAsync(reply);
                    return;
                }

                kinds++;
            }
        }
    }
}
