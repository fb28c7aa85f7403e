namespace Etcdish.Interop;

/// <summary>get, put, del and compaction of etcdctl with all their flags, next to genuine etcd.</summary>
public class KeyValueTests
{
    private const string Fill = """
        put b 1
        put a 2
        put c 2
        put ab 3
        put a 4
        put zz ""
        del c
        put c 1
        put 'key with blanks' 'value with blanks'
        put ключ значение
        """;

    private static readonly string[] _sortTargets = ["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"];

    [Test]
    public void Get_with_keys_and_ranges() => SideBySide.Compare(session =>
    {
        Table(session, Fill);
        Table(session, """
            get a
            get nothing
            get a c
            get c a
            get a a
            get "" --prefix
            get "" --from-key
            get a --prefix
            get b --from-key
            get b --from-key --limit 2
            get "" --prefix --keys-only
            get a --print-value-only
            get "" --prefix --print-value-only
            get "" --prefix --limit 1
            get "" --prefix --limit 1 -w json
            get "" --prefix --limit 100 -w json
            get "key with blanks"
            get ключ
            get ключ -w json
            get a b c
            get
            get ""
            get a --prefix --from-key
            get a b --prefix
            """);
    });

    [Test]
    public void Get_in_every_output_format([Values("simple", "json", "fields", "protobuf", "table", "nonsense")] string format) =>
        SideBySide.Compare(session =>
        {
            Table(session, Fill);
            session.Run($"get a -w {format}");
            session.Run($"get nothing -w {format}");
            session.Run($"get a z -w {format}");
            session.Run($"get \"\" --prefix --keys-only -w {format}");
            session.Run($"put a 5 --prev-kv -w {format}");
            session.Run($"del a b --prev-kv -w {format}");
            session.Run($"del nothing -w {format}");
        });

    [Test]
    public void Get_in_every_order([Values("", "ASCEND", "DESCEND")] string order) => SideBySide.Compare(session =>
    {
        // Every property is unique here, as ties may come in any order.
        Table(session, """
            put d 1
            put b 4
            put b 3
            put b 2
            put b 5
            put a 9
            put a 8
            put c 6
            put c 7
            put c 0
            """);
        foreach (string target in _sortTargets)
        {
            string flags = $"--sort-by={target}" + (order.Length == 0 ? "" : $" --order={order}");
            session.Run($"get a z {flags}");
            session.Run($"get a z {flags} --limit 2 -w json");
            session.Run($"get a z {flags} --limit 4 -w json");
            session.Run($"get a z {flags} --keys-only");
            session.Run($"get a z {flags} --rev 4");
        }

        session.Run("get a z --sort-by=WRONG");
        session.Run("get a z --order=WRONG");
        session.Run("get a z --sort-by=value --order=descend");
    });

    [Test]
    public void Get_of_the_past() => SideBySide.Compare(session =>
    {
        Table(session, Fill);
        for (int revision = 1; revision <= 13; revision++)
            session.Run($"get \"\" --prefix --rev {revision} -w json");
        Table(session, """
            get a --rev -1
            get a --rev 0
            get a --rev 9223372036854775807
            compaction 6
            get "" --prefix --rev 5
            get "" --prefix --rev 6 -w json
            get "" --prefix --rev 7 -w json
            get a --consistency s -w json
            get a --consistency l -w json
            get a --consistency x
            get a --consistency s --rev 5
            """);
    });

    [Test]
    public void Put_with_all_flags() => SideBySide.Compare(session =>
    {
        Table(session, """
            put a 1
            put a 2 --prev-kv
            put new 1 --prev-kv -w json
            put a --ignore-value
            get a -w json
            put missing --ignore-value
            put a 3 --ignore-value
            put a 3 --ignore-lease
            put missing 3 --ignore-lease
            put a 3 --lease 1234
            put a 3 --lease xyz
            put "" value
            put -- -dash -dash
            get -- -dash
            put a
            put
            put a b c
            """);
        session.Run("put fromstdin", "line 1\nline 2\n");
        session.Run("get fromstdin -w json");
        session.Run("put empty", "");
        session.Run("get empty -w json");
        session.Run("put binary", "\u0000\u0001\u00ff\u00fe\n");
        session.Run("get binary -w json");
        session.Run("get binary --hex");
        session.Run("get a --hex");
    });

    [Test]
    public void Del_with_all_flags() => SideBySide.Compare(session =>
    {
        Table(session, Fill);
        Table(session, """
            del nothing
            del a --prev-kv
            del a
            put a 1
            get a -w json
            del a b
            put ab 1
            put ac 1
            del a --prefix --prev-kv
            del c --from-key --prev-kv -w json
            get "" --prefix -w json
            del ""
            del "" --prefix
            del "" --from-key
            del b a
            get "" --prefix -w json
            del a --prefix --from-key
            del a b --prefix
            del
            """);
    });

    [Test]
    public void Compaction_and_its_errors() => SideBySide.Compare(session =>
    {
        Table(session, """
            compaction 1
            compaction 1
            compaction 0
            compaction 2
            put a 1
            put a 2
            del a
            put b 1
            compaction 4
            get a --rev 4 -w json
            get a --rev 3
            compaction 4
            compaction 3
            compaction 100
            compaction -1
            compaction 5 --physical
            get "" --prefix -w json
            get "" --prefix --rev 4
            compaction
            compaction x
            compaction 1 2
            """);
    });

    [Test]
    public void Limits_of_requests() => SideBySide.Compare(session =>
    {
        session.Run("put big", new string('x', 1_500_000));
        session.Run("get big --keys-only");
        session.Run("put big", new string('x', 1_600_000));
        session.Run("put big", new string('x', 3_000_000));
        session.Run("get big --keys-only -w json");
    });

    internal static void Table(Session session, string lines)
    {
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            session.Run(line);
    }
}
