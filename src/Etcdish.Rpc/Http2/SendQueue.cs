using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// Responses that wait for their turn to send, linked through themselves: waiting costs no memory. Under the output's gate.
/// </summary>
internal sealed class SendQueue
{
    private ResponseBody? _first;
    private ResponseBody? _last;

    public void Enqueue(ResponseBody body)
    {
        body.IsQueued = true;
        if (_last is null)
        {
            _first = body;
        }
        else
        {
            _last.Next = body;
        }

        _last = body;
    }

    public bool TryDequeue([NotNullWhen(true)] out ResponseBody? body)
    {
        body = _first;
        if (body is null)
        {
            return false;
        }

        _first = body.Next;
        _last = _first is null ? null : _last;
        body.Next = null;
        body.IsQueued = false;
        return true;
    }
}
