(OUR-PACKAGE::open-connection)
