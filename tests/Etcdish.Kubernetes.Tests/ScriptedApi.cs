using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubernetes.Tests;

/// <summary>
/// Stands for a server: a test says what each request is answered, and sees what was asked. A request that comes before its answer is
/// given waits for it.
/// </summary>
internal sealed class ScriptedApi : HttpMessageHandler
{
    private readonly System.Threading.Channels.Channel<ScriptedRequest> _requests =
        System.Threading.Channels.Channel.CreateUnbounded<ScriptedRequest>();

    /// <summary>A client whose requests come here.</summary>
    public KubernetesClient Connect() => new(this, new Uri("http://scripted"));

    /// <summary>The next request, which waits for its answer.</summary>
    public async Task<ScriptedRequest> NextAsync() => await _requests.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : JsonNode.Parse(await request.Content.ReadAsByteArrayAsync(cancellationToken));
        var waiting = new ScriptedRequest(request.Method, request.RequestUri!.PathAndQuery, body);
        await _requests.Writer.WriteAsync(waiting, cancellationToken);
        return await waiting.Answer.WaitAsync(cancellationToken);
    }
}

/// <summary>A request that waits for its answer.</summary>
internal sealed class ScriptedRequest(HttpMethod method, string path, JsonNode? body)
{
    private readonly TaskCompletionSource<HttpResponseMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HttpMethod Method { get; } = method;

    public string Path { get; } = path;

    public JsonNode? Body { get; } = body;

    public Task<HttpResponseMessage> Answer => _answer.Task;

    /// <summary>Answers with a JSON text, in which single quotes may stand for double ones.</summary>
    public void Reply(string json, int status = 200)
    {
        var content = new StringContent(json.Replace('\'', '"'), Encoding.UTF8, "application/json");
        _answer.TrySetResult(new HttpResponseMessage((HttpStatusCode)status) { Content = content });
    }

    /// <summary>Answers with a failure.</summary>
    public void Refuse(int code, string reason, string message = "no") => Reply(
        $$"""{"kind":"Status","status":"Failure","code":{{code}},"reason":"{{reason}}","message":"{{message}}"}""", code);

    /// <summary>The connection breaks.</summary>
    public void Break() => _answer.TrySetException(new HttpRequestException("the connection broke"));

    /// <summary>Answers with a stream that the test writes.</summary>
    public ScriptedStream Stream()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        _answer.TrySetResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(pipe.Reader.AsStream()) });
        return new ScriptedStream(pipe.Writer);
    }
}

/// <summary>A watch as the test writes it.</summary>
internal sealed class ScriptedStream(PipeWriter output)
{
    /// <summary>Sends events, a line each, with single quotes for double ones.</summary>
    public async Task SendAsync(params IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            await output.WriteAsync(Encoding.UTF8.GetBytes(line.Replace('\'', '"') + "\n"));
        }
    }

    /// <summary>Sends text as it is, such as half a line.</summary>
    public async Task SendTextAsync(string text) => await output.WriteAsync(Encoding.UTF8.GetBytes(text.Replace('\'', '"')));

    /// <summary>Ends in order.</summary>
    public void End() => output.Complete();

    /// <summary>Breaks off.</summary>
    public void Break() => output.Complete(new IOException("the connection broke"));
}
