namespace Etcdish.Interop;

/// <summary>Transactions of etcdctl, piped and interactive, next to genuine etcd.</summary>
public class TxnTests
{
    // Compares of leases make etcdctl 3.4 panic; they are compared through raw calls.
    [Test]
    public void Compares_of_every_target() => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, "put a 1\nput a 2\nput b x");
        foreach (string compare in Compares)
            session.Run("txn", compare + "\n\nget a\n\nget nothing\n\n");
    });

    private static IEnumerable<string> Compares =>
        from target in new[] { "value(\"a\")", "version(\"a\")", "create(\"a\")", "mod(\"a\")", "value(\"none\")", "mod(\"none\")" }
        from comparison in new[] { "=", ">", "<", "!=" }
        from operand in new[] { "0", "2", "3" }
        select $"{target} {comparison} \"{operand}\"";

    [Test]
    public void Branches_with_all_operations() => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, "put a 1\nput b 2\nput c 3");
        string[] transactions =
        [
            "\n\n\n",
            "\nput a 2\nget a\nput d 4\n\nput a 3\n\n",
            "version(\"a\") = \"99\"\n\nput a 4\n\nput a 5\nget \"\" --prefix\ndel b --prev-kv\nget \"\" --prefix\n\n",
            "value(\"a\") = \"5\"\nvalue(\"c\") = \"3\"\n\nget a c\ndel a z --prev-kv\nget a c\nput e 1 --prev-kv\n\n\n",
            "mod(\"none\") = \"0\"\n\ndel nothing\n\n\n",
            "mod(\"none\") = \"0\"\n\nput e 2\nput e 3\n\n\n",
            "mod(\"none\") = \"0\"\n\nput e 2\ndel a z\n\n\n",
            "mod(\"none\") = \"0\"\n\ndel a z\ndel e\n\n\n",
            "mod(\"none\") = \"0\"\n\nput e 2 --ignore-value\n\n\n",
            "mod(\"none\") = \"0\"\n\nput missing --ignore-value\n\n\n",
            "mod(\"none\") = \"0\"\n\nput e 2 --lease 77\n\n\n",
            "mod(\"none\") = \"0\"\n\nget e --rev 99\n\n\n",
            "mod(\"none\") = \"0\"\n\nget e --rev 3\n\n\n",
            "mod(\"none\") = \"0\"\n\nput \"\" 1\n\n\n",
            "value(\"\") = \"0\"\n\nget e\n\n\n",
            "nonsense\n\n\n\n",
            "mod(\"a\") = \"x\"\n\n\n\n",
            "\nfrobnicate a\n\n\n",
            "\nput a\n\n\n",
        ];
        foreach (string transaction in transactions)
        {
            session.Run("txn", transaction);
            session.Run("txn -w json", transaction);
            session.Run("get \"\" --prefix -w json");
        }
    });

    [Test]
    public void Interactive() => SideBySide.Compare(session =>
    {
        session.Run("put a 1");
        session.Run("txn -i", "value(\"a\") = \"1\"\n\nput a 2\nput b 1\n\nget a\n\n");
        session.Run("txn --interactive", "value(\"a\") = \"1\"\n\nput a 3\n\nget a\nget b\n\n");
        session.Run("txn -i -w fields", "\nget a\n\n\n");
        session.Run("txn unexpected");
    });

    [Test]
    public void Too_many_operations() => SideBySide.Compare(session =>
    {
        foreach (int count in new[] { 128, 129 })
        {
            string puts = string.Concat(Enumerable.Range(0, count).Select(i => $"put k{i} v\n"));
            session.Run("txn", $"\n{puts}\n\n");
            string compares = string.Concat(Enumerable.Range(0, count).Select(i => $"mod(\"k{i}\") > \"1\"\n"));
            session.Run("txn", $"{compares}\nget k1\n\nget k2\n\n");
        }
    });
}
