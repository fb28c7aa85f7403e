using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Etcdish.Rpc;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Server.Gateway;

/// <summary>
/// etcd's JSON gateway: POST an object to a method's path, get an object back; a streaming method takes objects one after the other and
/// answers with one line each, <c>{"result":…}</c> or at the end <c>{"error":…}</c>.
/// </summary>
/// <param name="server">Runs a gRPC request.</param>
/// <param name="maxRequestBytes">Most bytes of one request object.</param>
internal sealed class JsonGateway(Func<IFeatureCollection, Task> server, int maxRequestBytes)
{
    private static readonly JsonReaderOptions _readerOptions = new() { AllowMultipleValues = true };

    /// <summary>Answers a request under /v3/.</summary>
    public Task HandleAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        if (!GatewayRoutes.ByPath.TryGetValue(path, out MethodDescriptor? method))
        {
            return GatewayError.WriteAsync(context, StatusCode.NotFound, "Not Found");
        }

        if (!HttpMethods.IsPost(context.Request.Method))
        {
            return GatewayError.WriteAsync(context, StatusCode.Unimplemented, "Method Not Allowed");
        }

        return method.IsClientStreaming || method.IsServerStreaming ? StreamAsync(context, method) : UnaryAsync(context, method);
    }

    private static InProcessCall Open(HttpContext context, MethodDescriptor method) =>
        new($"/{method.Service.FullName}/{method.Name}", context);

    private async Task UnaryAsync(HttpContext context, MethodDescriptor method)
    {
        IMessage request;
        try
        {
            request = await ReadObjectAsync(context.Request.BodyReader, method.InputType, context.RequestAborted).ConfigureAwait(false)
                ?? GatewayJson.Parse("{}", method.InputType);
        }
        catch (RpcException e)
        {
            await GatewayError.WriteAsync(context, e.Code, e.Message).ConfigureAwait(false);
            return;
        }

        using InProcessCall call = Open(context, method);
        Task running = call.RunAsync(server);
        IMessage? response;
        try
        {
            await call.SendAsync(request).ConfigureAwait(false);
            await call.CompleteRequestsAsync().ConfigureAwait(false);
            response = await call.ReceiveAsync(method.OutputType.Parser).ConfigureAwait(false);
        }
        catch
        {
            call.Abandon();
            await running.ConfigureAwait(false);
            throw;
        }

        await running.ConfigureAwait(false);
        (StatusCode code, string message) = call.Status();
        if (code != StatusCode.Ok || response is null)
        {
            await GatewayError.WriteAsync(context, code, message).ConfigureAwait(false);
            return;
        }

        context.Response.ContentType = "application/json";
        await WriteAsync(context, json => GatewayJson.Write(json, response), isLine: false).ConfigureAwait(false);
    }

    private async Task StreamAsync(HttpContext context, MethodDescriptor method)
    {
        using InProcessCall call = Open(context, method);
        Task running = call.RunAsync(server);
        Task<RpcException?> sending = SendAllAsync(context, method, call);
        bool any = false;
        try
        {
            any = await RelayAsync(context, method, call).ConfigureAwait(false);
        }
        finally
        {
            // Nothing of the call may outlive the request that it stands for.
            call.Abandon();
            await running.ConfigureAwait(false);
            await sending.ConfigureAwait(false);
        }

        (StatusCode code, string text) = call.Status();
        if (await sending.ConfigureAwait(false) is { } refused)
        {
            (code, text) = (refused.Code, refused.Message);
        }

        if (code == StatusCode.Ok)
        {
            return;
        }

        if (!any)
        {
            context.Response.StatusCode = GatewayError.HttpStatus(code);
            context.Response.ContentType = "application/json";
        }

        await WriteAsync(context, json => WriteNested(json, "error"u8, () => GatewayError.WriteObject(json, code, text)), isLine: true)
            .ConfigureAwait(false);
    }

    /// <summary>Passes on what the handler sends, a line each.</summary>
    /// <returns>Whether there was anything.</returns>
    private static async Task<bool> RelayAsync(HttpContext context, MethodDescriptor method, InProcessCall call)
    {
        bool any = false;
        while (await call.ReceiveAsync(method.OutputType.Parser).ConfigureAwait(false) is { } message)
        {
            if (!any)
            {
                any = true;
                context.Response.ContentType = "application/json";
            }

            await WriteAsync(context, json => WriteNested(json, "result"u8, () => GatewayJson.Write(json, message)), isLine: true)
                .ConfigureAwait(false);
        }

        return any;
    }

    /// <summary>Passes the body's objects to the handler; a bad object ends the call, and is returned to be told.</summary>
    private async Task<RpcException?> SendAllAsync(HttpContext context, MethodDescriptor method, InProcessCall call)
    {
        try
        {
            bool isFirst = true;
            while (await ReadObjectAsync(context.Request.BodyReader, method.InputType, call.RequestAborted).ConfigureAwait(false) is { } message)
            {
                isFirst = false;
                if (!await call.SendAsync(message).ConfigureAwait(false) || !method.IsClientStreaming)
                {
                    break;
                }
            }

            if (isFirst && !method.IsClientStreaming)
            {
                await call.SendAsync(GatewayJson.Parse("{}", method.InputType)).ConfigureAwait(false);
            }

            await call.CompleteRequestsAsync().ConfigureAwait(false);
            return null;
        }
        catch (RpcException e)
        {
            call.Abort();
            return e;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client is gone, or the call has ended while its body was awaited: the handler knows.
            return null;
        }
    }

    private static void WriteNested(Utf8JsonWriter json, ReadOnlySpan<byte> name, Action write)
    {
        json.WriteStartObject();
        json.WritePropertyName(name);
        write();
        json.WriteEndObject();
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write, bool isLine)
    {
        var body = new ArrayBufferWriter<byte>();
        using (Utf8JsonWriter json = GatewayJson.OpenWriter(body))
        {
            write(json);
        }

        if (isLine)
        {
            body.Write("\n"u8);
        }

        await context.Response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Reads the next object of the body; null at its end.</summary>
    private async ValueTask<IMessage?> ReadObjectAsync(PipeReader body, MessageDescriptor type, CancellationToken aborted)
    {
        while (true)
        {
            ReadResult read = await body.ReadAsync(aborted).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = read.Buffer;
            SequencePosition? end = FindEnd(buffer, read.IsCompleted);
            if (end is { } found)
            {
                IMessage message = Parse(buffer.Slice(0, found), type);
                body.AdvanceTo(found);
                return message;
            }

            body.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }

            if (buffer.Length > maxRequestBytes)
            {
                throw new RpcException(StatusCode.InvalidArgument, "etcdserver: request is too large");
            }
        }
    }

    private static SequencePosition? FindEnd(in ReadOnlySequence<byte> buffer, bool isFinal)
    {
        try
        {
            var reader = new Utf8JsonReader(buffer, isFinal, new JsonReaderState(_readerOptions));
            return reader.Read() && reader.TrySkip() ? reader.Position : null;
        }
        catch (JsonException e)
        {
            throw new RpcException(StatusCode.InvalidArgument, e.Message, e);
        }
    }

    private static IMessage Parse(in ReadOnlySequence<byte> json, MessageDescriptor type)
    {
        try
        {
            return GatewayJson.Parse(Encoding.UTF8.GetString(json), type);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new RpcException(StatusCode.InvalidArgument, e.Message, e);
        }
    }
}
