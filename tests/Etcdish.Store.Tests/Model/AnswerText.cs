namespace Etcdish.Store.Tests;

/// <summary>The real store's answers in the model's notation.</summary>
internal sealed class AnswerText(TestLog log)
{
    public string Of(in ApplyResult result, EntryKind kind)
    {
        if (result.Error is { } error)
        {
            return error.Message;
        }

        var answer = kind switch
        {
            EntryKind.Put => $"put h{result.Revision} prev:{Show(result.PutPrevious)}",
            EntryKind.DeleteRange => Of(result.DeleteRange!, result.Revision),
            EntryKind.Txn => Of(result.Txn!, ""),
            EntryKind.LeaseGrant => "granted",
            EntryKind.LeaseRevoke => "revoked",
            _ => "compacted",
        };
        return $"{answer} @{result.Revision}";
    }

    public string Of(RangeResult range)
    {
        var shown = range.Revisions.Select(version => Show(version, range.KeysOnly, range.OmitsLeases));
        return $"range h{range.HeaderRevision} n{range.Count} more:{range.More} [{string.Join(", ", shown)}]";
    }

    public string OfChange(KeyRevision change)
    {
        var value = change.IsTombstone ? "" : "=" + TestLog.Text(log.Read(change.Value));
        return $"{change.ModRevision}.{change.SubRevision} {TestLog.Text(change.Key)}{value}";
    }

    private string Of(TxnResult txn, string header) => $"txn{header} {txn.Succeeded} ({string.Join("; ", txn.Responses.Select(Of))})";

    private string Of(OpResult op) => op.Kind switch
    {
        RequestOpKind.Put => $"put h{op.HeaderRevision} prev:{Show(op.PutPrevious)}",
        RequestOpKind.DeleteRange => Of(op.DeleteRange!, op.HeaderRevision),
        RequestOpKind.Range => Of(op.Range!),
        _ => Of(op.Txn!, $" h{op.HeaderRevision}"),
    };

    private string Of(DeleteRangeResult result, long header) =>
        $"deleted h{header} {result.Deleted} [{string.Join(", ", result.Previous.Select(version => Show(version)))}]";

    private string Show(KeyRevision? version, bool omitsValue = false, bool omitsLease = false)
    {
        if (version is null)
        {
            return "none";
        }

        var value = omitsValue ? "" : TestLog.Text(log.Read(version.Value));
        var lease = omitsLease ? 0 : version.Lease;
        return $"{TestLog.Text(version.Key)}={value} c{version.CreateRevision} m{version.ModRevision} v{version.Version} l{lease}";
    }
}
