using System.Text;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// Custom resources in the store: behind <c>kind</c> and the <c>apiVersion</c> of the storage version comes the stamp of the schema that
/// the object was written under, which clients never see. An object with the stamp of today's schema has had its defaults and lost what
/// is unknown when it was written, so that reading it is copying it; any other is brought up to date when it is read, whichever server
/// wrote it and whenever that was.
/// </summary>
internal sealed class CustomStoredForm : StoredForm
{
    private const string StampField = "writtenUnder";

    private readonly string _kind;
    private readonly string _apiVersion;
    private readonly CustomVersion _served;
    private readonly CustomVersion _storage;
    private readonly byte[] _servedHeader;
    private readonly byte[] _storedHeader;

    public CustomStoredForm(string group, string kind, CustomVersion served, CustomVersion storage)
    {
        _kind = kind;
        _served = served;
        _storage = storage;
        _apiVersion = $"{group}/{served.Name}";
        _servedHeader = Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{_apiVersion}\",");
        _storedHeader = Encoding.UTF8.GetBytes(
            $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{group}/{storage.Name}\",\"{StampField}\":\"{storage.Stamp}\",");
    }

    private bool IsSameSchema => _served.Stamp == _storage.Stamp;

    public override bool IsCurrent(ReadOnlyMemory<byte> stored) => stored.Span.StartsWith(_storedHeader);

    public override ReadOnlyMemory<byte> ToServed(ReadOnlyMemory<byte> stored)
    {
        var isCurrent = IsCurrent(stored);
        if (isCurrent && IsSameSchema)
        {
            return Replace(stored, _storedHeader.Length, _servedHeader);
        }

        var value = ApiJson.Parse(stored.Span);
        value.Remove(StampField);
        if (!isCurrent)
        {
            _storage.Prune(value);
            _storage.ApplyDefaults(value);
        }

        if (!IsSameSchema)
        {
            _served.Prune(value);
        }

        return ApiJson.Write(value.InStoredOrder(_kind, _apiVersion));
    }

    public override ReadOnlyMemory<byte> ToStored(ReadOnlyMemory<byte> served)
    {
        if (!IsSameSchema)
        {
            var value = ApiJson.Parse(served.Span);
            _storage.Prune(value);
            _storage.ApplyDefaults(value);
            served = ApiJson.Write(value.InStoredOrder(_kind, _apiVersion));
        }

        return served.Span.StartsWith(_servedHeader)
            ? Replace(served, _servedHeader.Length, _storedHeader)
            : throw new InvalidOperationException($"an object of {_apiVersion} does not begin with its kind and version");
    }

    private static byte[] Replace(ReadOnlyMemory<byte> source, int length, byte[] header)
    {
        var result = new byte[header.Length + source.Length - length];
        header.CopyTo(result, 0);
        source.Span[length..].CopyTo(result.AsSpan(header.Length));
        return result;
    }
}
