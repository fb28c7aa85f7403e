using Etcdish.Protos.Containerd;
using Etcdish.Protos.Cri;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Kubelet.Cri;

/// <summary>
/// Tells when a runtime's containers may have changed: by containerd's events, else by those of the Container Runtime Interface, else every
/// second. Events are only a hint when to look; whoever is woken asks the runtime.
/// </summary>
internal sealed class CriChanges : IAsyncDisposable
{
    private const string ContainerdEvents = "/containerd.services.events.v1.Events/Subscribe";
    private const string InterfaceEvents = "/runtime.v1.RuntimeService/GetContainerEvents";

    /// <summary>containerd's events of containers that belong to pods.</summary>
    private static readonly string[] _filters =
    [
        "namespace==k8s.io,topic~=\"^/tasks/(start|exit|oom|delete)$\"", "namespace==k8s.io,topic~=\"^/containers/(create|delete)$\"",
    ];

    /// <summary>
    /// A runtime speaks of an event before it has taken note of it itself, so who looks at once may see what was. They are told again
    /// after these times.
    /// </summary>
    private static readonly TimeSpan[] _echoes = [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(900)];

    /// <summary>Without events somebody may look all the same, in case one was lost.</summary>
    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan _pollInterval = TimeSpan.FromSeconds(1);

    private readonly CriCalls _calls;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly ChangeSignal _signal = new();
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _listening;

    /// <summary>Which echo comes next; under the gate.</summary>
    private int _echo = _echoes.Length;

    public CriChanges(CriCalls calls, TimeProvider clock, Action<string> warn)
    {
        _calls = calls;
        _clock = clock;
        _warn = warn;
        _timer = clock.CreateTimer(_ => OnTimer(), null, _silence, Timeout.InfiniteTimeSpan);
        _listening = Task.Run(ListenAsync);
    }

    /// <summary>Completes when something may have changed since the call.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _signal.WaitAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _listening;
        await _timer.DisposeAsync();
        _end.Dispose();
    }

    private async Task ListenAsync()
    {
        if (await ListenAsync(ListenToContainerdAsync) && await ListenAsync(ListenToInterfaceAsync))
        {
            while (await PauseAsync())
            {
                _signal.Pulse();
            }
        }
    }

    /// <summary>Listens in one way while the runtime is there, and again when it comes back. True: it does not know this way.</summary>
    private async Task<bool> ListenAsync(Func<Action, Task> listen)
    {
        var isWarned = false;
        do
        {
            // What happened before this nobody has told.
            Pulse();
            try
            {
                await listen(() => isWarned = false);
            }
            catch (RpcException e) when (e.Code == StatusCode.Unimplemented)
            {
                return true;
            }
            catch (RpcException e)
            {
                if (!isWarned)
                {
                    _warn($"the container runtime's events broke off: {e.Message}");
                }

                isWarned = true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
        while (await PauseAsync());
        return false;
    }

    private async Task ListenToContainerdAsync(Action heard)
    {
        var request = new SubscribeRequest { Filters = { _filters } };
        using var call = _calls.Events(ContainerdEvents, request, Envelope.Parser, _end.Token);
        while (await call.ReadAsync() is { } envelope)
        {
            heard();
            if (!IsOfCommand(envelope))
            {
                Pulse();
            }
        }
    }

    private async Task ListenToInterfaceAsync(Action heard)
    {
        using var call = _calls.Events(InterfaceEvents, new GetEventsRequest(), ContainerEventResponse.Parser, _end.Token);
        while (await call.ReadAsync() is not null)
        {
            heard();
            Pulse();
        }
    }

    /// <summary>Whether an event is the end of a command within a container, such as a probe: the container stays as it was.</summary>
    private static bool IsOfCommand(Envelope envelope)
    {
        if (envelope is not { Topic: "/tasks/exit", Event: { } packed })
        {
            return false;
        }

        try
        {
            var exit = TaskExit.Parser.ParseFrom(packed.Value);
            return exit.Id.Length > 0 && exit.Id != exit.ContainerId;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private void Pulse()
    {
        lock (_gate)
        {
            _echo = 0;
            _timer.Change(_echoes[0], Timeout.InfiniteTimeSpan);
        }

        _signal.Pulse();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _echo = Math.Min(_echo + 1, _echoes.Length);
            _timer.Change(_echo < _echoes.Length ? _echoes[_echo] : _silence, Timeout.InfiniteTimeSpan);
        }

        _signal.Pulse();
    }

    /// <summary>Waits before the next try. False: it is over.</summary>
    private async Task<bool> PauseAsync()
    {
        try
        {
            await Task.Delay(_pollInterval, _clock, _end.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
