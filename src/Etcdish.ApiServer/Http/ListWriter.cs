using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Tables;

namespace Etcdish.ApiServer.Http;

/// <summary>
/// Writes a list in the form that a request asked for, while its parts come from the store. Metadata stands in front of the items; only
/// when the client's page ends at a place that is not known yet, it stands behind them.
/// </summary>
internal sealed class ListWriter(ApiRequest request, ObjectView view, TableBuilder tables)
{
    private bool _hasMetadata;
    private bool _hasItems;

    /// <exception cref="ApiException">The list cannot be read, or not be shown in this form; nothing was sent.</exception>
    public async Task SendAsync(IAsyncEnumerable<ListPage> parts)
    {
        using var body = new StreamedBody(request.Http);
        var isBegun = false;
        await foreach (var part in parts.WithCancellation(request.Cancellation))
        {
            if (!isBegun)
            {
                Begin(body, part);
                isBegun = true;
            }

            foreach (var item in part.Items)
            {
                WriteItem(body, item);
                await body.FlushIfLargeAsync();
            }

            if (part.IsLast)
            {
                End(body, part);
            }
        }

        await body.CompleteAsync();
    }

    /// <summary>Sends a list that is there as a whole.</summary>
    public Task SendAsync(ListPage page) => SendAsync(new[] { page }.ToAsyncEnumerable());

    private void Begin(StreamedBody body, ListPage first)
    {
        var (kind, apiVersion, items) = request.Representation switch
        {
            Representation.Table => ("Table", "meta.k8s.io/v1", "rows"),
            Representation.Metadata => ("PartialObjectMetadataList", "meta.k8s.io/v1", "items"),
            _ => (request.Type.ListKind, request.Type.Info.ApiVersion, "items"),
        };
        Write(body, $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\"");
        if (first.EndIsKnown)
        {
            WriteMetadata(body, first);
            _hasMetadata = true;
        }

        if (request.Representation == Representation.Table)
        {
            body.Write(",\"columnDefinitions\":"u8);
            ApiJson.Write(body, TableBuilder.Columns(request.Type));
        }

        Write(body, $",\"{items}\":[");
    }

    private void WriteItem(StreamedBody body, Storage.StoredObject item)
    {
        if (_hasItems)
        {
            body.Write(","u8);
        }

        _hasItems = true;
        if (request.Representation == Representation.Table)
        {
            ApiJson.Write(body, tables.Row(request.Type, ObjectView.Parse(item.Value.Span, item.Revision), request.IncludeObject));
        }
        else
        {
            view.WriteOne(body, item.Value.Span, item.Revision, withColumns: false);
        }
    }

    private void End(StreamedBody body, ListPage last)
    {
        body.Write("]"u8);
        if (!_hasMetadata)
        {
            WriteMetadata(body, last);
        }

        body.Write("}"u8);
    }

    private static void WriteMetadata(StreamedBody body, ListPage page)
    {
        var metadata = new JsonObject();
        if (page.Revision > 0)
        {
            metadata["resourceVersion"] = Revisions.Format(page.Revision);
        }

        if (page.Continue is { } token)
        {
            metadata["continue"] = token.ToString();
        }

        if (page.Remaining is > 0 and var remaining)
        {
            metadata["remainingItemCount"] = remaining;
        }

        body.Write(",\"metadata\":"u8);
        ApiJson.Write(body, metadata);
    }

    private static void Write(StreamedBody body, string text) => body.Advance(Encoding.UTF8.GetBytes(text, body.GetSpan(text.Length)));
}
