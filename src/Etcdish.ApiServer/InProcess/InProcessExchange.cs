using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Etcdish.Kubernetes.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.ApiServer.InProcess;

/// <summary>
/// A request and its answer without a connection: what the server needs of a connection, made of what the client gave. An answer whose
/// length
/// is known is handed over whole; any other one begins with its first part and is read as it is written. One that breaks off is an
/// <see cref="IOException"/> for the reader, never a short answer.
/// </summary>
#pragma warning disable CA1001 // The source has neither timer nor parent: there is nothing to release, and who still reads may yet abort.
internal sealed class InProcessExchange : IHttpRequestFeature, IHttpResponseFeature, IHttpResponseBodyFeature, IRequestBodyPipeFeature,
    IHttpRequestLifetimeFeature
#pragma warning restore CA1001
{
    private readonly HttpRequestMessage _request;
    private readonly TaskCompletionSource<HttpResponseMessage> _answer = new();
    private readonly CancellationTokenSource _aborted = new();
    private readonly AnswerWriter _writer;
    private readonly ReadOnlyMemory<byte> _body;
    private PipeReader? _bodyReader;

    public InProcessExchange(HttpRequestMessage request, ReadOnlyMemory<byte> body)
    {
        _request = request;
        _body = body;
        _writer = new AnswerWriter(this);
        var uri = request.RequestUri!;
        Method = request.Method.Method;
        Path = PathOf(uri);
        QueryString = uri.Query;
        RawTarget = uri.PathAndQuery;
        RequestAborted = _aborted.Token;
        Copy(request);
    }

    public string Protocol { get; set; } = HttpProtocol.Http11;

    public string Scheme { get; set; } = "http";

    public string Method { get; set; }

    public string PathBase { get; set; } = "";

    public string Path { get; set; }

    public string QueryString { get; set; }

    public string RawTarget { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public CancellationToken RequestAborted { get; set; }

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    /// <summary>Whether the client sees the head of the answer, which cannot change any more.</summary>
    public bool HasStarted { get; internal set; }

    PipeReader IRequestBodyPipeFeature.Reader => _bodyReader ??= PipeReader.Create(new ReadOnlySequence<byte>(_body));

    PipeWriter IHttpResponseBodyFeature.Writer => _writer;

    Stream IHttpResponseBodyFeature.Stream => _writer.AsStream(leaveOpen: true);

    Stream IHttpRequestFeature.Body
    {
        get => field ??= new MemoryStream(_body.ToArray(), writable: false);
        set;
    }

    Stream IHttpResponseFeature.Body { get; set; } = Stream.Null;

    IHeaderDictionary IHttpResponseFeature.Headers { get; set; } = new HeaderDictionary();

    /// <summary>How long the answer will be, if that was said.</summary>
    internal long? AnswerLength => ((IHttpResponseFeature)this).Headers.ContentLength;

    /// <summary>Runs the request; completes with the answer, or with its beginning if it is one that is read while it is written.</summary>
    /// <exception cref="HttpRequestException">The server broke it off.</exception>
    /// <exception cref="OperationCanceledException">The client did.</exception>
    public async Task<HttpResponseMessage> RunAsync(Func<HttpContext, Task> server, CancellationToken cancellation)
    {
        using var registration = cancellation.UnsafeRegister(static exchange => ((InProcessExchange)exchange!).Abort(), this);
        _ = HandleAsync(server);
        try
        {
            return await _answer.Task;
        }
        catch (IOException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new HttpRequestException(HttpRequestError.ResponseEnded, e.Message, e);
        }
    }

    public void Abort() => _aborted.Cancel();

    public void OnStarting(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public void OnCompleted(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public void DisableBuffering()
    {
        // What is flushed can be read at once.
    }

    public async Task StartAsync(CancellationToken cancellationToken = default) => await _writer.FlushAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task CompleteAsync() => Task.CompletedTask;

    /// <summary>Gives the client the head of an answer that it will read as it is written.</summary>
    internal void Begin(PipeReader parts)
    {
        var message = MakeMessage(new StreamContent(new AnswerStream(parts, this)));

        // Not on the thread that writes: whatever the client does with it, it must not stand in the way.
        ThreadPool.UnsafeQueueUserWorkItem(
            static given => given._answer.TrySetResult(given.message), (_answer, message), preferLocal: true);
    }

    private static string PathOf(Uri uri)
    {
        var path = uri.AbsolutePath;

        // A slash within a part of the path must not become one between parts: it stays as it is, as with a request from outside.
        return path.Contains('%', StringComparison.Ordinal)
            ? Uri.UnescapeDataString(path.Replace("%2F", "%252F", StringComparison.OrdinalIgnoreCase))
            : path;
    }

    private async Task HandleAsync(Func<HttpContext, Task> server)
    {
        try
        {
            await server(new DefaultHttpContext(Features()));
            End(null);
        }
#pragma warning disable CA1031 // It is the client's to see.
        catch (Exception e)
        {
            End(e);
        }
#pragma warning restore CA1031
    }

    private void End(Exception? failure)
    {
        if (_aborted.IsCancellationRequested)
        {
            failure = new IOException("the request was aborted");
        }
        else if (failure is null && AnswerLength is { } length && length != _writer.Written && Method != HttpMethods.Head)
        {
            failure = new IOException($"the answer ended behind {_writer.Written} of {length} bytes");
        }

        if (_writer.IsStreaming)
        {
            _writer.End(failure);
        }
        else if (failure is null)
        {
            _answer.TrySetResult(MakeMessage(new WholeContent(_writer.Whole)));
        }
        else
        {
            _answer.TrySetException(failure as IOException ?? new IOException(failure.Message, failure));
        }
    }

    private FeatureCollection Features()
    {
        var features = new FeatureCollection(initialCapacity: 8);
        features.Set<IHttpRequestFeature>(this);
        features.Set<IHttpResponseFeature>(this);
        features.Set<IHttpResponseBodyFeature>(this);
        features.Set<IRequestBodyPipeFeature>(this);
        features.Set<IHttpRequestLifetimeFeature>(this);
        return features;
    }

    private void Copy(HttpRequestMessage request)
    {
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            Headers[name] = values.Count == 1 ? values.ToString() : values.ToArray();
        }

        if (request.Content is null)
        {
            return;
        }

        foreach (var (name, values) in request.Content.Headers.NonValidated)
        {
            Headers[name] = values.ToString();
        }

        Headers.ContentLength = _body.Length;
    }

    private HttpResponseMessage MakeMessage(HttpContent content)
    {
        var message = new HttpResponseMessage((HttpStatusCode)StatusCode) { Content = content, RequestMessage = _request };
        foreach (var (name, values) in ((IHttpResponseFeature)this).Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return message;
    }
}
