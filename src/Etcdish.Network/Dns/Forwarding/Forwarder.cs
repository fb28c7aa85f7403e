using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Forwarding;

/// <summary>
/// Asks name servers outside of the cluster what the cluster does not know, and keeps their answers. The same question is on its way once,
/// whoever asks it; so a server that sends our questions back to us gets no answer instead of another question. For use by many threads.
/// </summary>
internal sealed class Forwarder
{
    private readonly Lock _lock = new();
    private readonly Dictionary<byte[], Task<CachedAnswer>> _asking = new(NameComparer.Instance);
    private readonly IPEndPoint[] _servers;
    private readonly TimeProvider _clock;
    private readonly ForwarderLimits _limits;
    private readonly AnswerCache _cache;
    private readonly Action<string> _warn;
    private int _preferred;

    /// <summary>Makes one.</summary>
    /// <param name="servers">Whom to ask, in this order; none: nobody.</param>
    /// <param name="clock">The clock of waits and of what is kept.</param>
    /// <param name="limits">How often, how long and how much.</param>
    /// <param name="warn">Is told of defects.</param>
    public Forwarder(IReadOnlyList<IPEndPoint> servers, TimeProvider clock, ForwarderLimits limits, Action<string> warn)
    {
        _servers = [.. servers];
        _clock = clock;
        _limits = limits;
        _warn = warn;
        _cache = new AnswerCache(limits.MostAnswers, clock);
    }

    /// <summary>Whether there is anybody to ask.</summary>
    public bool HasServers => _servers.Length > 0;

    /// <summary>What is known of a question.</summary>
    public CachedAnswer? Find(ReadOnlySpan<byte> question) => _cache.Find(question);

    /// <summary>Asks. What goes wrong is an answer as well: that of the last server that said anything, or a failure.</summary>
    public Task<CachedAnswer> AskAsync(byte[] question)
    {
        lock (_lock)
        {
            if (_asking.TryGetValue(question, out var same))
            {
                return same;
            }

            if (_asking.Count >= _limits.MostAtOnce)
            {
                return Task.FromResult(CachedAnswer.Failure(ResponseCode.ServerFailure, _clock.GetTimestamp()));
            }

            return _asking[question] = Task.Run(() => AskOnceAsync(question));
        }
    }

    private async Task<CachedAnswer> AskOnceAsync(byte[] question)
    {
        try
        {
            var answer = await AskAllAsync(question);
            if (answer.MayBeKept)
            {
                _cache.Add(question, answer);
            }

            return answer;
        }
#pragma warning disable CA1031 // As in Responder: what strangers send must not leave a client without an answer.
        catch (Exception e)
        {
            _warn($"cluster-dns: {Convert.ToHexString(question)} outside: a defect: {e}");
            return CachedAnswer.Failure(ResponseCode.ServerFailure, _clock.GetTimestamp());
        }
#pragma warning restore CA1031
        finally
        {
            lock (_lock)
            {
                _asking.Remove(question);
            }
        }
    }

    private async Task<CachedAnswer> AskAllAsync(byte[] question)
    {
        var code = ResponseCode.ServerFailure;
        var first = Volatile.Read(ref _preferred);
        for (var i = 0; i < _servers.Length * _limits.Rounds; i++)
        {
            var number = (first + i) % _servers.Length;
            if (await TryAskAsync(_servers[number], question) is not { } message)
            {
                continue;
            }

            code = UpstreamExchange.CodeOf(message);
            var isFinal = code is ResponseCode.NoError or ResponseCode.NameError;
            if (isFinal && CachedAnswer.Read(message, _limits, _clock.GetTimestamp()) is { } answer)
            {
                // Who answered is asked first next time; one that is silent costs its patience once.
                Volatile.Write(ref _preferred, number);
                return answer;
            }

            code = isFinal ? ResponseCode.ServerFailure : code;
        }

        return CachedAnswer.Failure(code, _clock.GetTimestamp());
    }

    private async Task<byte[]?> TryAskAsync(IPEndPoint server, byte[] question)
    {
        using var patience = new CancellationTokenSource(_limits.Patience, _clock);
        try
        {
            return await UpstreamExchange.AskAsync(server, question, patience.Token);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // Silent, not there, or hung up: the next is asked, and if all are like that the client is told so.
            return null;
        }
    }
}
